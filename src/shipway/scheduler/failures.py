"""Failed tasks of a deployment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import ServiceSnapshot
from shipway.model.task import Task

HEALTH_CHECK_STOP = "Task failed "  # how the stopped reasons of health.Fault begin


class TaskOrigin(Protocol):
    """What tasks are started of: a revision of a service or of a managed daemon."""

    @property
    def deployment_id(self) -> str: ...

    @property
    def failures_since(self) -> int: ...

    @property
    def start_failures_since(self) -> int: ...


def failed_tasks(revision: TaskOrigin, tasks: Iterable[Task]) -> int:
    """`failedTasks` of the revision's deployment: those since a task last became healthy."""
    deployment_id = revision.deployment_id
    return sum(
        1
        for task in tasks
        if task.deployment_id == deployment_id
        and (failed_at := failure_moment(task)) is not None
        and failed_at > revision.failures_since
    )


def failed_tasks_of(snapshot: ServiceSnapshot, revision: ServiceRevision) -> int:
    return failed_tasks(revision, snapshot.tasks_of(revision.deployment_id))


def failure_moment(task: Task) -> int | None:
    """When the task failed; None when it did not. A failed health check counts from the decision to stop."""
    if task.stop_code is None:
        return None
    if failed_health_check(task):
        return task.stopping_at
    return task.stopped_at if task.stopped and ended_badly(task) else None


def failed_health_check(task: Task) -> bool:
    reason = task.stopped_reason or ""
    return task.stop_code == "ServiceSchedulerInitiated" and reason.startswith(HEALTH_CHECK_STOP)


def ended_badly(task: Task) -> bool:
    """Failed to start, or ended by itself: before it was healthy, or with an exit code that is not 0."""
    if task.stop_code == "TaskFailedToStart":
        return True
    return ended_by_itself(task) and (task.healthy_at is None or crashed(task))


def ended_by_itself(task: Task) -> bool:
    return task.stop_code in ("TaskFailedToStart", "EssentialContainerExited")


def crashed(task: Task) -> bool:
    return any(c.essential and c.exit_code not in (None, 0) for c in task.containers)
