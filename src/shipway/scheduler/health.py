"""When a task of a service counts as healthy, when as unhealthy, and when time alone will change that.

Healthy: RUNNING, its essential containers' health checks say HEALTHY, and every target that its bindings
ask for is healthy. A task with neither checks nor targets is healthy once it has been RUNNING for the
dwell. A good answer counts at once; a bad one only after the service's grace period, which starts when the
task reached RUNNING.
"""

from __future__ import annotations

import msgspec

from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import ServiceSnapshot, TargetView
from shipway.model.task import Task
from shipway.scheduler.fleet_index import index_of


class Fault(msgspec.Struct, frozen=True):
    """A failed health check: what is written to the task, and what the service's event says of it."""

    stopped_reason: str
    event: str


class Condition(msgspec.Struct, frozen=True, gc=False):
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


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of every task of one revision, and when."""

    now_ms: int
    dwell_ms: int
    grace_ms: int
    wanted: dict[str, int]  # target group -> how many of its targets a task must be
    targets: dict[str, tuple[TargetView, ...]]  # by task ARN
    draining: set[str]  # container instances


def checks_of(revision: ServiceRevision, snapshot: ServiceSnapshot) -> Checks:
    timing, groups = snapshot.timing, [binding.target_group_arn for binding in revision.bindings]
    return Checks(
        now_ms=snapshot.now_ms,
        dwell_ms=timing.dwell_ms,
        grace_ms=timing.scaled(snapshot.service.health_check_grace_period_s * 1000),
        wanted={arn: groups.count(arn) for arn in groups},
        targets=snapshot.targets,
        draining=index_of(snapshot.fleet).draining,
    )


def condition_of(task: Task, checks: Checks) -> Condition:
    now_ms, targets = checks.now_ms, checks.targets.get(task.task_arn, ())
    protected_until = task.protected_until or 0
    healthy_from = healthy_by_checks(task, checks, targets)
    fault = fault_of(task, targets)
    grace_until = (task.started_at or 0) + checks.grace_ms
    moments = (healthy_from or 0, grace_until if fault else 0, protected_until)
    return Condition(
        task=task,
        healthy=healthy_from is not None and healthy_from <= now_ms,
        fault=fault if grace_until <= now_ms else None,
        displaced=task.container_instance_arn in checks.draining,
        protected=protected_until > now_ms,
        changes_at=min([moment for moment in moments if moment > now_ms]) if max(moments) > now_ms else None,
    )


def healthy_by_checks(task: Task, checks: Checks, targets: tuple[TargetView, ...]) -> int | None:
    """From when it counts that nothing speaks against the task; None when something does."""
    if not task.running:
        return None
    has_health_check = task.has_health_check
    if has_health_check and task.health_status != "HEALTHY":
        return None
    for target_group_arn, count in checks.wanted.items():
        states = [view.state for view in targets if view.target_group_arn == target_group_arn]
        if len(states) < count or any(state != "healthy" for state in states):
            return None
    checked = has_health_check or bool(checks.wanted)
    return 0 if checked else (task.started_at or 0) + checks.dwell_ms


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
