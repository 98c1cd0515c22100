"""Tasks before a service is touched (migrations) and after it was deployed (smoke tests)."""

from __future__ import annotations

from collections import deque
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.events import TaskLine
from shipway.deploy.one_off import OneOff
from shipway.deploy.planning.log_places import LogPlace
from shipway.deploy.planning.references import short
from shipway.deploy.planning.task_request import TaskWish, wish_of
from shipway.deploy.tools import Tools

Members = dict[str, Any]

LINES_KEPT = 20


class TasksAround:
    """Runs the named tasks of an application, one after the other, each to its end."""

    def __init__(self, application: Application, aws: Aws, tools: Tools) -> None:
        self.application = application
        self.aws = aws
        self.tools = tools

    def run(self, when: str, names: tuple[str, ...], definition: Members, service: Members) -> None:
        """With the network and capacity of the service; the first that fails ends it."""
        for name in names:
            self.tools.progress.say(f"{when}: running the task {name} of {_shown(definition)}")
            with self.tools.interruption.held():
                self._one(when, name, definition, service)

    def _one(self, when: str, name: str, definition: Members, service: Members) -> None:
        kept: deque[str] = deque(maxlen=LINES_KEPT)

        def emit(place: LogPlace, event: Members) -> None:
            line = str(event.get("message", "")).rstrip("\n")
            kept.append(line)
            self.tools.progress.tell(TaskLine(task=name, container=place.container, line=line))

        one_off = OneOff(self.aws, self.tools, emit)
        wish = wish_of(self.application.tasks[name], TaskWish())
        outcome = one_off.follow(one_off.run(wish, definition, service), wish, definition)
        if outcome.explanation:
            raise DeployError(
                f"The {when} task {name} did not run.", details=tuple(outcome.explanation.splitlines())
            )
        if outcome.exit_code:
            raise DeployError(
                f"The {when} task {name} failed: container {outcome.container} ended with exit code "
                f"{outcome.exit_code}.",
                details=tuple(kept),
            )
        self.tools.progress.say(f"{when}: the task {name} has ended well")


def _shown(definition: Members) -> str:
    return short(str(definition.get("taskDefinitionArn", "")))
