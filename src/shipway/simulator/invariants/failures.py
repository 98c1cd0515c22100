"""Promises about how deployments fail: the circuit breaker and where a rollback goes."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.service import CircuitBreaker, Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.simulator.invariants.commit import (
    Check,
    Commit,
    failed_since,
    revision_of,
)
from shipway.simulator.invariants.deployments import rolling_births


def a_deployment_fails_for_its_failures(commit: Commit) -> Iterator[str]:
    for before, revision in commit.of(ServiceRevision):
        if revision is None or before is None or before.rollout_state == revision.rollout_state:
            continue
        if revision.rollout_state != "FAILED" or "circuit breaker" not in (
            revision.rollout_state_reason or ""
        ):
            continue
        service = commit.state.get(Service, revision.service_arn)
        if service is None:
            continue
        tasks = commit.state.by(Task, "deployment_id", revision.deployment_id)
        failed = sum(failed_since(task, revision.failures_since) for task in tasks)
        breaker = service.deployment_configuration.circuit_breaker
        threshold = breaker.threshold_value
        if breaker.threshold_type != "COUNT":
            threshold = (service.desired_count * breaker.threshold_value + 99) // 100
        if breaker.threshold_type == "BOUNDED_PERCENT":
            threshold = min(200, max(3, threshold))
        if all(task.started_at is None for task in tasks):  # no digest of its images is known
            threshold = min(3, threshold)
        if failed < threshold:
            yield f"{revision.deployment_id} failed after {failed} failed tasks; {threshold} is the threshold"


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


CHECKS: tuple[Check, ...] = (
    a_deployment_fails_for_its_failures,
    a_healthy_task_clears_the_failures_before_it,
    a_circuit_breaker_fires_in_time,
    a_rollback_returns_to_what_completed_last,
)
