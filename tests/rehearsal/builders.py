"""An application, tasks and looks at them, with full defaults."""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.application import Application, LoadBalancer
from shipway.rehearsal.breaking import Breaking, Look, TaskSeen
from shipway.rehearsal.faults import Fault

OLD, NEW = "arn:task-definition/web:1", "arn:task-definition/web:2"


def an_application(
    *containers: dict[str, Any], balanced: bool = False, service: dict[str, Any] | None = None
) -> Application:
    given = containers or ({"name": "web"},)
    return Application(
        name="web",
        task_definition={
            "family": "web",
            "containerDefinitions": [
                {"image": "shop/web:1", "memory": 64, **container} for container in given
            ],
        },
        service=service or {},
        load_balancer=LoadBalancer(container="web", container_port=80) if balanced else None,
    )


def a_task(
    number: int, *, definition: str = NEW, status: str = "RUNNING", zone: str = "a", healthy: bool = False
) -> TaskSeen:
    """Tasks start in the order of their numbers."""
    return TaskSeen(
        arn=f"arn:task/default/{number:08d}",
        definition=definition,
        status=status,
        started=f"2026-01-01 00:00:{number:02d}",
        healthy=healthy,
        instance=f"i-{zone}",
        zone=zone,
    )


def a_look(*tasks: TaskSeen, at_s: float = 0.0, **service: Any) -> Look:
    members = {"desiredCount": 2, "deployments": [{}], **service}
    return Look(at_s, tasks, {"i-a": "a", "i-aa": "a", "i-b": "b"}, members)


def a_breaking(*faults: Fault, kills: bool = True) -> Breaking:
    return Breaking(faults=faults, old=OLD, container="web", kills=kills)
