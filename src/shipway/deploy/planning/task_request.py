"""One-off tasks: the request to make, and what the finished tasks' exit code is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.references import shorter

Members = dict[str, Any]

OUR_FAILURE = 125
STARTED_BY = "shipway"

FAILURE_HINTS = {
    "RESOURCE:MEMORY": "there is not enough memory left",
    "RESOURCE:CPU": "there are not enough CPU units left",
    "RESOURCE:PORTS": "a port that it needs is taken",
    "RESOURCE:ENI": "there is no network interface left",
    "AGENT": "the instance's agent is not connected",
    "ATTRIBUTE": "the instance lacks an attribute that the task requires",
    "MISSING": "there is no such container instance in the cluster",
    "INACTIVE": "the container instance is not active",
}


@dataclass(frozen=True)
class TaskWish:
    """The choices for a one-off task."""

    container: str | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    count: int = 1
    launch_type: str | None = None


def task_request(wish: TaskWish, definition: Members, service: Members) -> Members:
    """RunTask's or StartTask's members: the definition with overrides, the network of the service."""
    request: Members = {"taskDefinition": definition["taskDefinitionArn"], "startedBy": STARTED_BY}
    override = _override(wish, definition)
    if override:
        request["overrides"] = {"containerOverrides": [override]}
    if definition.get("networkMode") == "awsvpc" and service.get("networkConfiguration"):
        request["networkConfiguration"] = service["networkConfiguration"]
    return request


def placement(wish: TaskWish, service: Members) -> Members:
    """What RunTask alone takes: how many, and on which kind of capacity."""
    members: Members = {"count": wish.count}
    launch_type = wish.launch_type or service.get("launchType")
    if launch_type:
        members["launchType"] = launch_type
    elif service.get("capacityProviderStrategy"):
        members["capacityProviderStrategy"] = service["capacityProviderStrategy"]
    if service.get("platformVersion") and launch_type == "FARGATE":
        members["platformVersion"] = service["platformVersion"]
    return members


def _override(wish: TaskWish, definition: Members) -> Members:
    name = chosen_container(wish.container, definition)
    override: Members = {}
    if wish.command is not None:
        override["command"] = list(wish.command)
    if wish.environment:
        override["environment"] = [
            {"name": key, "value": wish.environment[key]} for key in sorted(wish.environment)
        ]
    return {"name": name, **override} if override else {}


def chosen_container(name: str | None, definition: Members) -> str:
    """The container that the command is for and whose exit code counts: named, or the first essential."""
    containers = definition["containerDefinitions"]
    names = [str(container["name"]) for container in containers]
    if name is not None:
        if name not in names:
            raise DeployError(
                f"There is no container {name!r} in {definition.get('family')}. {did_you_mean(name, names)}"
            )
        return name
    essential = [str(container["name"]) for container in containers if container.get("essential", True)]
    return (essential or names)[0]


def failure_sentence(failures: Sequence[Members], what: str) -> str:
    """Why ECS placed nothing, nearest miss first."""
    if not failures:
        return f"{what} started no task, and ECS gave no reason."
    first = failures[0]
    reason = str(first.get("reason", ""))
    hint = FAILURE_HINTS.get(reason, reason.rstrip("."))
    if first.get("detail"):
        hint += f" ({first['detail']})"
    where = f" (on {shorter(str(first['arn']))})" if first.get("arn") else ""
    more = f", and {len(failures) - 1} more instances refuse it" if len(failures) > 1 else ""
    return f"{what} was not placed: {hint}{where}{more}. ECS says {reason or 'nothing'}."


def exit_code(tasks: Sequence[Members], container: str) -> int | None:
    """The container's own code; of several tasks the first that is not 0. None when it never ran."""
    codes: list[int | None] = [
        next(
            (found.get("exitCode") for found in task.get("containers") or () if found["name"] == container),
            None,
        )
        for task in tasks
    ]
    return next((code for code in codes if code != 0), 0 if codes else None)


def stopped_before_running(task: Members) -> bool:
    return task.get("stopCode") == "TaskFailedToStart" or not task.get("startedAt")
