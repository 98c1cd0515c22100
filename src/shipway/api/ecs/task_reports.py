"""What an agent reports about a task, merged into what is known. Pure: reports come late, or twice.

Only what a report names changes, and only forward. A report lists the containers that changed, so the others
stay as they are. Why a task stopped is derived here (the agent's own reasons are a detail), unless it was
already asked to stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from shipway.model.last_status import RANK, RUNNING, STOPPED, forward
from shipway.model.record import Document
from shipway.model.task import Container, Task
from shipway.scheduler.stop_reasons import stop_cause

CONTAINER_ORDER = {"PENDING": 0, "RUNNING": 1, "STOPPED": 2}
REASON_LENGTH_MAX = 1024


class ContainerReport(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    status: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    runtime_id: str | None = None
    image_digest: str | None = None
    network_bindings: tuple[Document, ...] | None = None


class TaskReport(msgspec.Struct, frozen=True, kw_only=True):
    status: str | None = None
    reason: str | None = None
    containers: tuple[ContainerReport, ...] = ()
    managed_agents: tuple[Document, ...] = ()
    attachment_statuses: tuple[tuple[str, str], ...] = ()  # (attachment id, status)
    pull_started_at: int | None = None
    pull_stopped_at: int | None = None
    execution_stopped_at: int | None = None


def with_report(task: Task, report: TaskReport, now_ms: int) -> Task:
    """The task after the report; the same object when the report brings nothing new."""
    status = report.status if report.status in RANK else None
    after = replace(
        task,
        last_status=forward(task.last_status, status) if status else task.last_status,
        containers=merged_containers(task, report),
        connectivity_at=task.connectivity_at or now_ms,
        pull_started_at=task.pull_started_at or report.pull_started_at,
        pull_stopped_at=task.pull_stopped_at or report.pull_stopped_at,
        execution_stopped_at=task.execution_stopped_at or report.execution_stopped_at,
    )
    after = with_attachment_status(after, report)
    if after.last_status == RUNNING and task.last_status != RUNNING:
        after = running(after, now_ms)
    if essential_stopped(after) and after.desired_status != STOPPED:
        after = stop_wanted(after, report, now_ms)
    if after.last_status == STOPPED:
        after = stopped(after, report, now_ms)
    return task if after == task else replace(after, version=task.version + 1)


def merged_containers(task: Task, report: TaskReport) -> tuple[Container, ...]:
    reports = {entry.name: entry for entry in report.containers}
    merged = []
    for container in task.containers:
        entry = reports.get(container.name)
        if entry is not None:
            container = merged_container(container, entry)
        agents = tuple(
            agent_wire(a) for a in report.managed_agents if a.get("containerName") == container.name
        )
        merged.append(replace(container, managed_agents=agents) if agents else container)
    return tuple(merged)


def merged_container(container: Container, entry: ContainerReport) -> Container:
    status = entry.status if entry.status in CONTAINER_ORDER else None
    if status is None or CONTAINER_ORDER[status] < CONTAINER_ORDER[container.last_status]:
        status = container.last_status
    return replace(
        container,
        last_status=status,
        exit_code=entry.exit_code if entry.exit_code is not None else container.exit_code,
        reason=(entry.reason or "")[:REASON_LENGTH_MAX] or container.reason,
        runtime_id=entry.runtime_id or container.runtime_id,
        image_digest=entry.image_digest or container.image_digest,
        network_bindings=entry.network_bindings or container.network_bindings,
    )


def agent_wire(report: Document) -> Document:
    names = {"managedAgentName": "name", "status": "lastStatus", "reason": "reason"}
    return {names[member]: value for member, value in report.items() if member in names}


def with_attachment_status(task: Task, report: TaskReport) -> Task:
    if task.interface is None:
        return task
    status = dict(report.attachment_statuses).get(task.interface.attachment_id)
    return replace(task, interface=replace(task.interface, status=status)) if status else task


def running(task: Task, now_ms: int) -> Task:
    interface = replace(task.interface, status="ATTACHED") if task.interface else None
    return replace(task, started_at=now_ms, interface=interface)


def essential_stopped(task: Task) -> bool:
    return any(c.essential and c.last_status == STOPPED for c in task.containers)


def stop_wanted(task: Task, report: TaskReport, now_ms: int) -> Task:
    """The agent stops the other containers by itself; the cluster knows already that the task is over."""
    code, reason = stop_cause(task, report.reason)
    return replace(
        task,
        desired_status=STOPPED,
        stop_code=code,
        stopped_reason=reason,
        stopping_at=now_ms,
        execution_stopped_at=task.execution_stopped_at or now_ms,
    )


def stopped(task: Task, report: TaskReport, now_ms: int) -> Task:
    code, reason = stop_cause(task, report.reason)
    return replace(
        task,
        desired_status=STOPPED,
        stop_code=code,
        stopped_reason=reason,
        stopping_at=task.stopping_at or now_ms,
        execution_stopped_at=task.execution_stopped_at or now_ms,
        stopped_at=task.stopped_at or now_ms,
        containers=tuple(replace(container, last_status=STOPPED) for container in task.containers),
        interface=replace(task.interface, status="DELETED") if task.interface else None,
    )


def digests(containers: Iterable[Container]) -> dict[str, str]:
    return {container.name: container.image_digest for container in containers if container.image_digest}


def task_report(request: Any, plain: Document) -> TaskReport:
    """A SubmitTaskStateChange, from its decoded form and the same as plain JSON."""
    return TaskReport(
        status=request.status or None,
        reason=request.reason or None,
        containers=tuple(container_report(entry) for entry in plain.get("containers") or []),
        managed_agents=tuple(plain.get("managedAgents") or []),
        attachment_statuses=attachment_statuses(plain),
        pull_started_at=moment(request.pull_started_at),
        pull_stopped_at=moment(request.pull_stopped_at),
        execution_stopped_at=moment(request.execution_stopped_at),
    )


def container_report(entry: Document) -> ContainerReport:
    bindings = entry.get("networkBindings")
    return ContainerReport(
        name=entry.get("containerName") or "",
        status=entry.get("status"),
        exit_code=entry.get("exitCode"),
        reason=entry.get("reason"),
        runtime_id=entry.get("runtimeId"),
        image_digest=entry.get("imageDigest"),
        network_bindings=None if bindings is None else tuple(bindings),
    )


def attachment_statuses(plain: Document) -> tuple[tuple[str, str], ...]:
    return tuple(
        (entry["attachmentArn"].rsplit("/", 1)[-1], entry["status"])
        for entry in plain.get("attachments") or []
    )


def moment(moment_s: float | None) -> int | None:
    return None if moment_s is None else round(moment_s * 1000)
