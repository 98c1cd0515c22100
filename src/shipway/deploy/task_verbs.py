"""`run` and `start` as the command line means them: which task definition, which container, what to show."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.edge.log_lines import LogLines
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.one_off import OneOff, RunOutcome, task_document
from shipway.deploy.opening import Session
from shipway.deploy.planning.console import task_hints
from shipway.deploy.planning.references import short
from shipway.deploy.planning.task_request import TaskWish, chosen_container, wish_of
from shipway.deploy.tools import Tools

Members = dict[str, Any]


@dataclass(frozen=True)
class TaskChoices:
    """What the user said about a one-off task."""

    wish: TaskWish
    task_definition: str | None = None
    named: str | None = None
    instances: tuple[str, ...] = ()
    wait: bool = True
    json: bool = False


@dataclass(frozen=True)
class Started:
    """Tasks that were started and left to themselves, or followed to their end."""

    tasks: tuple[Members, ...]
    outcome: RunOutcome | None = None
    hints: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        return self.outcome.exit_code if self.outcome else 0

    def text(self) -> str:
        if self.outcome is not None:
            return self.outcome.explanation
        lines = []
        for task, hint in zip(self.tasks, self.hints, strict=True):
            instance = task.get("containerInstanceArn")
            where = f" on {short(str(instance))}" if instance else ""
            lines += [f"started task {short(str(task['taskArn']))}{where}", f"  {hint}"]
        return "\n".join(lines)

    def as_document(self) -> Members:
        """For `-o json`."""
        if self.outcome is not None:
            return self.outcome.as_document()
        return {"exitCode": 0, "tasks": [task_document(task) for task in self.tasks]}


def run_task(session: Session, tools: Tools, choices: TaskChoices) -> Started:
    """RunTask, and follow it to its end unless told not to."""
    choices = replace(choices, wish=_named(session.application, choices))
    one_off, definition, service = _prepared(session, tools, choices)
    # From the call on, Ctrl-C stops the tasks: none is left running behind the user's back.
    with tools.interruption.held():
        tasks = one_off.run(choices.wish, definition, service)
        return _started(one_off, tasks, choices, definition)


def start_task(session: Session, tools: Tools, choices: TaskChoices) -> Started:
    """StartTask on the instances that were named."""
    one_off, definition, service = _prepared(session, tools, choices)
    with tools.interruption.held():
        tasks = one_off.start(choices.wish, definition, service, choices.instances)
        return _started(one_off, tasks, choices, definition)


def _started(one_off: OneOff, tasks: list[Members], choices: TaskChoices, definition: Members) -> Started:
    aws, arns = one_off.aws, [str(task["taskArn"]) for task in tasks]
    hints = task_hints(arns, aws.ecs.cluster, local=aws.local)
    if not choices.wait:
        one_off.progress.close()
        return Started(tuple(tasks), hints=hints)
    for hint in hints:
        one_off.progress.say(f"{hint}, or press Ctrl-C")
    return Started(tuple(tasks), one_off.follow(tasks, choices.wish, definition))


def _prepared(session: Session, tools: Tools, choices: TaskChoices) -> tuple[OneOff, Members, Members]:
    service = (session.aws.ecs.service(session.service) if session.service else None) or {}
    definition = _definition(session, choices.task_definition, service)
    chosen_container(choices.wish.container, definition)
    several = len(definition["containerDefinitions"]) > 1
    stream = _log_stream(choices)
    emit = LogLines(with_container=several, with_task=choices.wish.count > 1, stream=stream)
    return OneOff(session.aws, tools, emit), definition, service


def _log_stream(choices: TaskChoices) -> Any:
    """With `-o json` stdout holds the one document; the logs go where progress goes."""
    return sys.stderr if choices.json else sys.stdout


def _definition(session: Session, asked: str | None, service: Members) -> Members:
    """The one asked for; else the service's own; else the latest of the application's family."""
    family = session.application.family if session.application else session.service
    reference = asked or service.get("taskDefinition") or family
    if not reference:
        raise UsageError("Say which task: run in a folder with shipway.yml, or give -s or --task-definition.")
    found = session.aws.ecs.task_definition(str(reference))
    if found is None:
        if session.aws.ecs.cluster_described() is None:
            raise DeployError(
                f"The cluster {session.aws.ecs.cluster!r} does not exist. Correct the name, or create it."
            )
        raise DeployError(
            f"There is no task definition {short(str(reference))!r}. Deploy first, or give --task-definition."
        )
    return found


def _named(application: Application | None, choices: TaskChoices) -> TaskWish:
    wish = choices.wish
    if choices.named is None:
        return wish
    known = application.tasks if application else {}
    if choices.named not in known:
        raise UsageError(
            f"There is no task {choices.named!r} in shipway.yml. {did_you_mean(choices.named, known)}"
        )
    return wish_of(known[choices.named], wish)
