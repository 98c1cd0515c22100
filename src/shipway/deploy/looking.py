"""What a service has been through and what it runs: its deployments, its events, its tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.follow import LOOK_EVERY_S, resilient
from shipway.deploy.observe import required_service
from shipway.deploy.planning.history import Entry, History
from shipway.deploy.planning.moments import stamp_ms
from shipway.deploy.planning.task_lines import task_lines
from shipway.deploy.tools import Tools

Members = dict[str, Any]

TASKS_SHOWN = 1000
# One look may fail (a throttled call, a lost packet); so many in a row may not.
FAILED_LOOKS_MAX = 5


@dataclass(frozen=True)
class Tasks:
    """Tasks with their containers."""

    tasks: tuple[Members, ...]

    def text(self) -> str:
        lines = task_lines(self.tasks, stopped_max=TASKS_SHOWN, containers=True)
        return "\n".join(line.removeprefix("  ") for line in lines) or "no tasks"


def history(aws: Aws, name: str, count: int) -> History:
    """The newest service deployments; what cannot be read of their definitions is left out."""
    required_service(aws, name)
    briefs = aws.ecs.service_deployments(name)[:count]
    found = resilient([], aws.ecs.service_revisions, [str(one["targetServiceRevisionArn"]) for one in briefs])
    revisions = {str(one["serviceRevisionArn"]): one for one in found}
    definitions: dict[str, Members] = {}
    for revision in revisions.values():
        arn = str(revision["taskDefinition"])
        if arn not in definitions:
            definitions[arn] = resilient(None, aws.ecs.task_definition, arn) or {}
    entries = []
    for brief in briefs:
        revision = revisions.get(str(brief["targetServiceRevisionArn"]), {})
        entries.append(Entry(brief, revision, definitions.get(str(revision.get("taskDefinition")), {})))
    return History(tuple(entries))


def tasks(aws: Aws, name: str | None, *, stopped: bool) -> Tasks:
    """The tasks of a service, or of the whole cluster; stopped ones are kept for an hour."""
    if name is not None:
        required_service(aws, name)
    arns = aws.ecs.task_arns(**({} if name is None else {"serviceName": name}))
    found = aws.ecs.tasks(arns)
    return Tasks(tuple(task for task in found if stopped or task.get("lastStatus") != "STOPPED"))


def stream_events(
    aws: Aws, name: str, since_ms: int | None, tools: Tools, emit: Callable[[Members], None], *, follow: bool
) -> None:
    """A service's events, oldest first; with `follow`, until the service is gone."""
    service: Members | None = required_service(aws, name)
    told: set[str] = set()
    failed_looks = 0
    while service is not None:
        for event in reversed(service.get("events") or ()):
            if event["id"] not in told and stamp_ms(event.get("createdAt")) >= (since_ms or 0):
                emit(event)
            told.add(event["id"])
        if not follow:
            return
        tools.pace.pause(LOOK_EVERY_S)
        try:
            service, failed_looks = aws.ecs.service(name), 0
        except DeployError as error:
            failed_looks += 1
            if failed_looks >= FAILED_LOOKS_MAX:
                raise
            tools.progress.say(f"{error.sentence} Looking again.")
    tools.progress.say(f"the service {name} is gone")
