"""When a task of a service counts as healthy, when as unhealthy, and when time alone will change that.

Healthy: RUNNING, its essential containers' health checks say HEALTHY, and every target that its bindings
ask for is healthy. A task with neither checks nor targets is healthy once it has been RUNNING for the
dwell. A good answer counts at once; a bad one only after the service's grace period, which starts when the
task reached RUNNING.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import ServiceSnapshot, TargetView
from shipway.model.task import Task
from shipway.scheduler.fleet_index import index_of


class Fault(msgspec.Struct, frozen=True):
    """A failed health check: what is written to the task, and what the service's event says of it."""

    stopped_reason: str
    event: str


class Condition(msgspec.Struct, frozen=True):
    """A live task as this pass sees it."""

    task: Task
    healthy: bool = False
    fault: Fault | None = None
    displaced: bool = False  # its container instance is DRAINING
    protected: bool = False  # from scale-in
    changes_at: int | None = None  # the next moment at which time alone changes this

    @property
    def pending(self) -> bool:
        return not self.task.running


def condition_of(task: Task, revision: ServiceRevision, snapshot: ServiceSnapshot) -> Condition:
    now_ms, targets = snapshot.now_ms, snapshot.targets.get(task.task_arn, ())
    protected_until = task.protected_until or 0
    healthy, healthy_from = healthy_by_checks(task, revision, targets, snapshot.timing.dwell_ms)
    fault = fault_of(task, targets)
    grace_ms = snapshot.timing.scaled(snapshot.service.health_check_grace_period_s * 1000)
    grace_until = (task.started_at or 0) + grace_ms
    moments = [
        moment
        for matters, moment in (
            (healthy, healthy_from),
            (fault is not None, grace_until),
            (True, protected_until),
        )
        if matters and moment > now_ms
    ]
    return Condition(
        task=task,
        healthy=healthy and healthy_from <= now_ms,
        fault=fault if grace_until <= now_ms else None,
        displaced=task.container_instance_arn in index_of(snapshot.fleet).draining,
        protected=protected_until > now_ms,
        changes_at=min(moments, default=None),
    )


def healthy_by_checks(
    task: Task, revision: ServiceRevision, targets: tuple[TargetView, ...], dwell_ms: int
) -> tuple[bool, int]:
    """Whether nothing speaks against the task, and from when that counts."""
    if not task.running:
        return False, 0
    if task.has_health_check and task.health_status != "HEALTHY":
        return False, 0
    wanted = Counter(binding.target_group_arn for binding in revision.bindings)
    for target_group_arn, count in wanted.items():
        states = [view.state for view in targets if view.target_group_arn == target_group_arn]
        if len(states) < count or any(state != "healthy" for state in states):
            return False, 0
    checked = task.has_health_check or bool(wanted)
    return True, 0 if checked else (task.started_at or 0) + dwell_ms


def fault_of(task: Task, targets: tuple[TargetView, ...]) -> Fault | None:
    if not task.running:
        return None
    if task.health_status == "UNHEALTHY":
        return Fault(
            "Task failed container health checks", f"(task {task.task_id}) failed container health checks."
        )
    for view in targets:
        if view.state == "unhealthy":
            on_instance = f" (instance {view.instance_id})" if view.instance_id else ""
            group = f"(target-group {view.target_group_arn})"
            return Fault(
                f"Task failed ELB health checks in {group}",
                f"(task {task.task_id}){on_instance} (port {view.port}) is unhealthy in {group}"
                f" due to (reason {view.reason or 'Health checks failed'}).",
            )
    return None
