"""The log lines of a service's tasks, or of one task: which, since when, and whether to go on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.logs import Between
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.follow import LOOK_EVERY_S
from shipway.deploy.lookup import task_named
from shipway.deploy.observe import required_service
from shipway.deploy.planning.log_places import LogPlace, log_places, unreadable
from shipway.deploy.planning.references import short, shorter
from shipway.deploy.task_logs import ANY_TIME, Emit, LogFollower
from shipway.deploy.tools import Tools

Members = dict[str, Any]

# A task's last lines reach CloudWatch a moment after it has stopped.
LAST_LOOKS = 3


@dataclass(frozen=True)
class LogChoice:
    """Which log lines: of one container or task, from when to when, with what in them."""

    container: str | None = None
    task: str | None = None
    between: Between = ANY_TIME
    grep: re.Pattern[str] | None = None
    follow: bool = False


@dataclass
class _Reading:
    """What was found so far: the definitions of the tasks, and whether any of these tasks lives."""

    definitions: dict[str, Members] = field(default_factory=dict)
    alive: bool = True


def pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"--grep {text!r} is not a regular expression: {error}.") from None


def stream_logs(aws: Aws, name: str, choice: LogChoice, tools: Tools, emit: Emit) -> None:
    """The log lines that were chosen; with `follow`, those that come later too.

    A service is followed until it is interrupted; one task (then `name` may be empty) until it has stopped.
    """
    if choice.follow and choice.between.end_ms is not None:
        raise UsageError("--follow goes on without end; leave --until out, or do not follow.")
    live = _live_definition(aws, name, needed=choice.task is None)
    one = task_named(aws, choice.task) if choice.task else None
    told = False

    def counted(place: LogPlace, event: Members) -> None:
        nonlocal told
        told = True
        emit(place, event)

    follower = LogFollower(aws, _filtered(counted, choice.grep), choice.between)
    reading, last_looks = _Reading(), LAST_LOOKS
    while True:
        _add_places(aws, choice, _tasks(aws, name, one, live), follower, reading)
        _refuse_unknown_container(choice, reading.definitions or {"": live}, name or str(one))
        more = follower.look()
        last_looks = LAST_LOOKS if more or reading.alive or one is None else last_looks - 1
        if not choice.follow or not last_looks:
            break
        tools.pace.pause(LOOK_EVERY_S)
    silent = _say_what_is_silent(aws, choice, live or next(iter(reading.definitions.values()), {}), tools)
    if not told and not silent:
        which = "no such line" if choice.grep else "no log line"
        tools.progress.say(f"there is {which} in that time; `--since 1h` looks further back")


def _live_definition(aws: Aws, name: str, *, needed: bool) -> Members:
    service = required_service(aws, name) if needed else (aws.ecs.service(name) if name else None)
    return (aws.ecs.task_definition(str(service["taskDefinition"])) if service else None) or {}


def _tasks(aws: Aws, name: str, one: str | None, live: Members) -> list[Members]:
    if one is None:
        return aws.ecs.service_tasks(name)
    found = aws.ecs.tasks([one])
    if found:
        return found
    if not live:
        raise DeployError(
            f"ECS does not know the task {shorter(one)} in {aws.ecs.cluster}; it forgets one an hour "
            "after its end. With its service (-s) the log of an older one is found."
        )
    # Its log outlives it; the service's definition says where that is.
    return [{"taskArn": one, "taskDefinitionArn": live["taskDefinitionArn"], "lastStatus": "STOPPED"}]


def _add_places(
    aws: Aws, choice: LogChoice, tasks: Iterable[Members], follower: LogFollower, reading: _Reading
) -> None:
    reading.alive = False
    for task in tasks:
        arn = str(task["taskDefinitionArn"])
        reading.alive = reading.alive or task.get("lastStatus") != "STOPPED"
        if arn not in reading.definitions:
            reading.definitions[arn] = aws.ecs.task_definition(arn) or {}
        for place in log_places(reading.definitions[arn], short(str(task["taskArn"])), local=aws.local):
            if choice.container in (None, place.container):
                follower.add(place)


def _filtered(emit: Emit, wanted: re.Pattern[str] | None) -> Emit:
    if wanted is None:
        return emit

    def matching(place: LogPlace, event: Members) -> None:
        if wanted.search(str(event.get("message", ""))):
            emit(place, event)

    return matching


def _refuse_unknown_container(choice: LogChoice, definitions: dict[str, Members], whose: str) -> None:
    """A misspelt name would be silence. Tasks of an earlier revision may have had other containers."""
    if choice.container is None:
        return
    names = {
        str(found["name"])
        for definition in definitions.values()
        for found in definition.get("containerDefinitions") or ()
    }
    if choice.container not in names:
        raise DeployError(
            f"There is no container {choice.container!r} in the tasks of {short(whose)}. "
            f"{did_you_mean(choice.container, names)}"
        )


def _say_what_is_silent(aws: Aws, choice: LogChoice, definition: Members, tools: Tools) -> list[str]:
    silent = [
        container
        for container in unreadable(definition, local=aws.local)
        if choice.container in (None, container)
    ]
    if silent:
        tools.progress.say(f"no readable logs of {', '.join(silent)}: no awslogs driver with a stream prefix")
    return silent
