"""Where a container's log lines are to be found in CloudWatch Logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]


@dataclass(frozen=True)
class LogPlace:
    """One container's log stream in one task."""

    container: str
    group: str
    stream: str


def log_places(definition: Members, task_id: str, *, local: bool) -> tuple[LogPlace, ...]:
    """Each container's stream. Containers that log elsewhere have none; see `unreadable`."""
    places = []
    for container in definition.get("containerDefinitions") or ():
        name = str(container["name"])
        configuration = container.get("logConfiguration")
        if configuration is None:
            # Local ECS keeps what no driver takes; on EC2 it stays on the instance.
            if local:
                places.append(LogPlace(name, f"/ecs/{definition.get('family')}", f"{name}/{name}/{task_id}"))
            continue
        options = configuration.get("options") or {}
        if configuration.get("logDriver") != "awslogs" or not options.get("awslogs-group"):
            continue
        prefix = options.get("awslogs-stream-prefix")
        if prefix:
            places.append(LogPlace(name, str(options["awslogs-group"]), f"{prefix}/{name}/{task_id}"))
    return tuple(places)


def unreadable(definition: Members, *, local: bool) -> tuple[str, ...]:
    """The containers whose logs Shipway cannot read."""
    readable = {place.container for place in log_places(definition, "", local=local)}
    names = [str(container["name"]) for container in definition.get("containerDefinitions") or ()]
    return tuple(name for name in names if name not in readable)


def all_log_places(definition: Members, task: Members, *, local: bool) -> tuple[LogPlace, ...]:
    """The same for a task that ECS has described: without a prefix the stream is called by Docker's id."""
    places = list(log_places(definition, str(task.get("taskArn", "")).rsplit("/", 1)[-1], local=local))
    known = {place.container for place in places}
    ids = {found.get("name"): found.get("runtimeId") for found in task.get("containers") or ()}
    for container in definition.get("containerDefinitions") or ():
        name, configuration = str(container["name"]), container.get("logConfiguration") or {}
        group = (configuration.get("options") or {}).get("awslogs-group")
        if name not in known and configuration.get("logDriver") == "awslogs" and group and ids.get(name):
            places.append(LogPlace(name, str(group), str(ids[name])))
    return tuple(places)


def logged_elsewhere(definition: Members, *, local: bool) -> tuple[tuple[str, str], ...]:
    """Containers whose lines never come to CloudWatch Logs, and who has them."""
    found = []
    for container in definition.get("containerDefinitions") or ():
        driver = (container.get("logConfiguration") or {}).get("logDriver")
        if driver is None and not local:
            found.append((str(container["name"]), "Docker on the container instance (no logConfiguration)"))
        elif driver not in (None, "awslogs"):
            found.append((str(container["name"]), f"the log driver {driver}"))
    return tuple(found)
