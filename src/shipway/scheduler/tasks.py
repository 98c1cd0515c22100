"""What time and draining do to tasks: drained ones are signalled, long stopped ones are forgotten."""

from __future__ import annotations

import msgspec

from shipway.model.actions import Action, Plan, RemoveTask, SignalTask
from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import Timing
from shipway.model.task import Task
from shipway.scheduler.back_off import short_lived

FAILURES_KEPT = 20  # 1 s doubled so often is past every ceiling: the back-off needs no more
ROLLOUT_TASKS_KEPT = 200  # the highest threshold of a bounded circuit breaker


class TasksSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks (all of a service, if any), which of them still have a target (of any state), and the PRIMARY
    revisions of their services.
    """

    now_ms: int
    tasks: tuple[Task, ...]
    task_arns_with_targets: frozenset[str] = frozenset()
    revisions: tuple[ServiceRevision, ...] = ()
    timing: Timing = Timing()


def plan_tasks(snapshot: TasksSnapshot) -> Plan:
    """SignalTask once no target is left to drain; RemoveTask after the retention."""
    kept = kept_longer(snapshot)
    actions: list[Action] = []
    moments: list[int] = []
    for task in snapshot.tasks:
        if task.last_status == "DEACTIVATING" and task.task_arn not in snapshot.task_arns_with_targets:
            actions.append(
                SignalTask(task_arn=task.task_arn, version=task.version, reason="Its targets are drained.")
            )
        elif task.stopped:
            remove_at = (task.stopped_at or 0) + snapshot.timing.stopped_task_retention_ms
            if task.task_arn in kept:
                moments.append(max(remove_at, snapshot.now_ms + snapshot.timing.stopped_task_retention_ms))
            elif snapshot.now_ms >= remove_at:
                actions.append(RemoveTask(task_arn=task.task_arn, reason="It stopped long enough ago."))
            else:
                moments.append(remove_at)
    return Plan(tuple(actions), min(moments, default=None))


def kept_longer(snapshot: TasksSnapshot) -> frozenset[str]:
    """Stopped tasks that still count: for the circuit breaker of a roll-out, or for a back-off."""
    by_deployment: dict[str, list[Task]] = {}
    for task in snapshot.tasks:
        if task.deployment_id is not None:
            by_deployment.setdefault(task.deployment_id, []).append(task)
    kept: list[Task] = []
    for revision in snapshot.revisions:
        own = by_deployment.get(revision.deployment_id, [])
        if revision.rollout_state == "IN_PROGRESS":
            stopped = [task for task in own if task.stopped]
            kept += sorted(stopped, key=lambda task: task.stopped_at or 0)[-ROLLOUT_TASKS_KEPT:]
        kept += short_lived(revision, tuple(own), snapshot.now_ms)[-FAILURES_KEPT:]
    return frozenset(task.task_arn for task in kept)
