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
