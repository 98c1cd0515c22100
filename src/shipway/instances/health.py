"""Health as agents tell it over telemetry, written to the state only when it changed."""

from __future__ import annotations

import msgspec

from shipway.instances.frames import InstanceStatus, TaskHealth
from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Document
from shipway.model.task import Container, Task
from shipway.store import Store

STATUSES = ("HEALTHY", "UNHEALTHY", "UNKNOWN")


def write_health(store: Store, container_instance_arn: str, reported: tuple[TaskHealth, ...]) -> None:
    """One transaction for a whole report.

    Tasks of other instances, and stopped ones, are not the agent's to tell of.
    """
    changed = []
    for health in reported:
        task = store.state.get(Task, health.task_arn)
        if task is None or task.stopped or task.container_instance_arn != container_instance_arn:
            continue
        after = with_health(task, health)
        if after.containers != task.containers:
            changed.append(after)
    if changed:
        with store.transaction() as tx:
            for task in changed:
                tx.put(task)


def with_health(task: Task, health: TaskHealth) -> Task:
    told = {container.container_name: container.health_status for container in health.containers or ()}
    containers = tuple(
        container_with_health(container, told.get(container.name)) for container in task.containers
    )
    return msgspec.structs.replace(task, containers=containers, version=task.version + 1)


def container_with_health(container: Container, told: str | None) -> Container:
    """Only health checks of the container definition count; an image's own are not ECS's matter."""
    if told not in STATUSES or not container.has_health_check:
        return container
    return msgspec.structs.replace(container, health_status=told)


def write_instance_status(
    store: Store, container_instance_arn: str, statuses: tuple[InstanceStatus, ...], now_ms: int
) -> None:
    """The instance's own health, such as its container runtime's; a status that stays the same is not written
    again.
    """
    instance = store.state.get(ContainerInstance, container_instance_arn)
    if instance is None:
        return
    known: dict[str, Document] = {status["type"]: status for status in instance.health_statuses}
    changed = [status for status in statuses if known.get(status.type, {}).get("status") != status.status]
    if not changed:
        return
    for status in changed:
        known[status.type] = {
            "type": status.type,
            "status": status.status,
            "lastUpdated": now_ms / 1000,
            "lastStatusChange": now_ms / 1000,
        }
    with store.transaction() as tx:
        health_statuses = tuple(known[kind] for kind in sorted(known))
        tx.put(msgspec.structs.replace(instance, health_statuses=health_statuses))
