"""One-off tasks: the request to make, and what the finished tasks' exit code is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.application.application import NamedTask
from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.planning.references import shorter

Members = dict[str, Any]

MEASURE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)?")
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
    cpu: str | None = None
    memory: str | None = None
    task_role: str | None = None
    execution_role: str | None = None


def wish_of(task: NamedTask, wish: TaskWish) -> TaskWish:
    """The task as shipway.yml has it, but for what is wished otherwise."""
    return TaskWish(
        container=wish.container or task.container,
        command=wish.command if wish.command is not None else task.command,
        environment={**task.environment, **wish.environment},
        count=wish.count if wish.count != 1 else task.count,
        launch_type=wish.launch_type or task.launch_type,
        cpu=wish.cpu or _text(task.cpu),
        memory=wish.memory or _text(task.memory),
        task_role=wish.task_role or task.task_role,
        execution_role=wish.execution_role or task.execution_role,
    )


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def task_request(wish: TaskWish, definition: Members, service: Members) -> Members:
    """RunTask's or StartTask's members: the definition with overrides, the network of the service."""
    request: Members = {"taskDefinition": definition["taskDefinitionArn"], "startedBy": STARTED_BY}
    overrides = _overrides(wish, definition)
    if overrides:
        request["overrides"] = overrides
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


def _overrides(wish: TaskWish, definition: Members) -> Members:
    """A size is the task's where its definition has one, else the container's, as the definition says it."""
    cpu, memory = cpu_units(wish.cpu), memory_mib(wish.memory)
    size = {member: value for member, value in (("cpu", cpu), ("memory", memory)) if value is not None}
    of_task = any(definition.get(member) for member in ("cpu", "memory"))
    container = _container_override(wish, {} if of_task else size)
    roles = {"taskRoleArn": wish.task_role, "executionRoleArn": wish.execution_role}
    overrides: Members = {member: arn for member, arn in roles.items() if arn}
    if of_task:
        overrides |= {member: str(value) for member, value in size.items()}
    name = chosen_container(wish.container, definition)
    if container:
        overrides["containerOverrides"] = [{"name": name, **container}]
    return overrides


def _container_override(wish: TaskWish, size: Mapping[str, int]) -> Members:
    override: Members = dict(size)
    if wish.command is not None:
        override["command"] = list(wish.command)
    if wish.environment:
        override["environment"] = [
            {"name": key, "value": wish.environment[key]} for key in sorted(wish.environment)
        ]
    return override


def cpu_units(text: str | None) -> int | None:
    """`512`, or in vCPU: `0.5 vCPU`."""
    return _measured(text, "vcpu", "cpu", "CPU units (512) or vCPU (0.5vCPU)")


def memory_mib(text: str | None) -> int | None:
    """`1024`, or in GB: `1 GB`."""
    return _measured(text, "gb", "memory", "MiB (1024) or GB (1GB)")


def _measured(text: str | None, unit: str, what: str, how: str) -> int | None:
    if text is None:
        return None
    match = MEASURE.fullmatch(text.strip().lower())
    if match is None or match[2] not in (None, unit) or (match[2] is None and "." in match[1]):
        raise UsageError(f"{text!r} is no {what}; write it in {how}.")
    return int(match[1]) if match[2] is None else int(float(match[1]) * 1024)


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
