"""What must hold of deployments beside the counts in `invariants`: rollbacks, the circuit breaker's memory,
pauses, grace periods, the steady state. They are checked in the same way, commit by commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shipway.model.service import CircuitBreaker, Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.simulator.invariants import Commit, failed_since, is_live


def revision_of(commit: Commit, task: Task) -> ServiceRevision | None:
    revisions = commit.state.by(ServiceRevision, "service_arn", task.service_arn)
    return next((revision for revision in revisions if revision.deployment_id == task.deployment_id), None)


def rolling_births(commit: Commit) -> Iterator[tuple[Task, Service, ServiceRevision]]:
    for service in commit.rolling_services(commit.born):
        for task in commit.born:
            revision = revision_of(commit, task) if task.service_arn == service.service_arn else None
            if revision is not None:
                yield task, service, revision


def the_grace_period_is_kept(commit: Commit) -> Iterator[str]:
    for task in commit.stopped_by_scheduler:
        service = commit.service(task)
        if service is None or not (task.stopped_reason or "").startswith("Task failed "):
            continue
        ran_ms = (task.stopping_at or 0) - (task.started_at or 0)
        if ran_ms < service.health_check_grace_period_s * 1000:
            yield f"task {task.task_id} was stopped as unhealthy after {ran_ms} ms"


def a_healthy_task_clears_the_failures_before_it(commit: Commit) -> Iterator[str]:
    for before, task in commit.of(Task):
        if task is None or task.healthy_at is None or (before is not None and before.healthy_at is not None):
            continue
        service, revision = commit.service(task), revision_of(commit, task)
        if service is None or revision is None or revision.service_revision_arn != service.revision_arn:
            continue
        resets = service.deployment_configuration.circuit_breaker.reset_on_healthy_task
        if not resets or not commit.rolls(service) or revision.failures_since == task.healthy_at:
            continue
        failures = failures_of(commit, revision)
        if failures:
            yield f"task {task.task_id} became healthy, {failures} earlier failures are still counted"


def a_circuit_breaker_fires_in_time(commit: Commit) -> Iterator[str]:
    """Nothing more is started once so many tasks have failed."""
    for task, service, revision in rolling_births(commit):
        breaker = service.deployment_configuration.circuit_breaker
        current = revision.service_revision_arn == service.revision_arn
        if not breaker.enable or not current or revision.rollout_state != "IN_PROGRESS":
            continue
        failures, threshold = failures_of(commit, revision), threshold_of(breaker, service.desired_count)
        if failures >= threshold:
            yield f"task {task.task_id} was started after {failures} failed tasks of {threshold}"


def failures_of(commit: Commit, revision: ServiceRevision) -> int:
    """Those that failed for certain: they never started."""
    tasks = commit.state.by(Task, "deployment_id", revision.deployment_id)
    return sum(failed_since(t, revision.failures_since) for t in tasks if t.stop_code == "TaskFailedToStart")


def threshold_of(breaker: CircuitBreaker, desired_count: int) -> int:
    if breaker.threshold_type == "COUNT":
        return max(1, breaker.threshold_value)
    percent = (desired_count * breaker.threshold_value + 99) // 100
    return min(200, max(3, percent)) if breaker.threshold_type == "BOUNDED_PERCENT" else max(1, percent)


def a_rollback_returns_to_what_completed_last(commit: Commit) -> Iterator[str]:
    changed = {before.service_revision_arn: before for before, _ in commit.of(ServiceRevision) if before}
    for before, deployment in commit.of(ServiceDeployment):
        if before is None or deployment is None or before.status == deployment.status:
            continue
        service = commit.state.get(Service, deployment.service_arn)
        rolls = service is not None and deployment.strategy == "ROLLING"
        if service is None or not rolls or deployment.status != "ROLLBACK_IN_PROGRESS":
            continue
        revisions = commit.state.by(ServiceRevision, "service_arn", service.service_arn)
        earlier = [changed.get(revision.service_revision_arn, revision) for revision in revisions]
        completed = [r for r in earlier if r.rollout_state == "COMPLETED" and r.completed_at is not None]
        latest = max((r.completed_at or 0 for r in completed), default=None)
        chosen = next((r for r in completed if r.service_revision_arn == service.revision_arn), None)
        if chosen is None or chosen.completed_at != latest:
            which = chosen.deployment_id if chosen else "a revision that never completed"
            yield f"{service.service_name} is rolled back to {which}, which is not the latest that completed"


def starts_pause_after_failures(commit: Commit) -> Iterator[str]:
    """Of a revision of which no task has ever started."""
    for task, _, revision in rolling_births(commit):
        own = commit.state.by(Task, "deployment_id", revision.deployment_id)
        failed = [t.stopped_at or 0 for t in own if t.stop_code == "TaskFailedToStart" and t.stopped]
        failed = [moment for moment in failed if moment > revision.start_failures_since]
        if any(t.started_at is not None for t in own) or len(failed) <= commit.timing.start_failures_free:
            continue
        pause_ms = commit.now_ms - max(failed)
        if pause_ms < commit.timing.back_off_ms:
            yield f"task {task.task_id} was started {pause_ms} ms after {len(failed)} failures in a row"


def steady_means_steady(commit: Commit) -> Iterator[str]:
    """When it is told: no task comes, goes, or lacks its health."""
    for before, service in commit.of(Service):
        if service is None or service.steady_at is None or not commit.rolls(service):
            continue
        if before is not None and before.steady_at is not None:
            continue
        tasks = [t for t in commit.state.by(Task, "service_arn", service.service_arn) if not t.stopped]
        sound = sum(is_live(task) and task.healthy_at is not None for task in tasks)
        if sound != service.desired_count or len(tasks) != sound:
            yield (
                f"{service.service_name} is said to be steady with {sound} healthy tasks of "
                f"{service.desired_count} and {len(tasks) - sound} others"
            )


def an_instance_has_a_daemon_once(commit: Commit) -> Iterator[str]:
    for task in commit.born:
        service = commit.service(task)
        if service is None or service.scheduling_strategy != "DAEMON":
            continue
        there = commit.state.by(Task, "container_instance_arn", task.container_instance_arn)
        alike = [t for t in there if t.service_arn == task.service_arn and not t.stopped]
        if len(alike) > 1:
            yield f"task {task.task_id} was started beside another of {service.service_name}"


DEPLOYMENT_CHECKS: dict[str, Callable[[Commit], Iterator[str]]] = {
    check.__name__.replace("_", " "): check
    for check in (
        the_grace_period_is_kept,
        a_healthy_task_clears_the_failures_before_it,
        a_circuit_breaker_fires_in_time,
        a_rollback_returns_to_what_completed_last,
        starts_pause_after_failures,
        steady_means_steady,
        an_instance_has_a_daemon_once,
    )
}


def violations(commit: Commit) -> list[str]:
    return [f"{name}: {seen}" for name, check in DEPLOYMENT_CHECKS.items() for seen in check(commit)]
