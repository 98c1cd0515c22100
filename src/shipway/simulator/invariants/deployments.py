"""Promises about deployments, and about services between them."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.arn import short_name
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.simulator.invariants.commit import (
    Check,
    Commit,
    is_live,
    revision_of,
)


def rolling_births(commit: Commit) -> Iterator[tuple[Task, Service, ServiceRevision]]:
    for service in commit.rolling_services(commit.born):
        for task in commit.born:
            revision = revision_of(commit, task) if task.service_arn == service.service_arn else None
            if revision is not None:
                yield task, service, revision


def nothing_started_for_a_failed_deployment(commit: Commit) -> Iterator[str]:
    """But while traffic shifts away from what it left, that is kept whole: it serves."""
    for task in commit.born:
        if task.service_arn is None or task.deployment_id is None:
            continue
        service = commit.service(task)
        revisions = commit.state.by(ServiceRevision, "service_arn", task.service_arn)
        own = [revision for revision in revisions if revision.deployment_id == task.deployment_id]
        if service is not None and service.scheduling_strategy == "REPLICA":
            for revision in own:
                if revision.rollout_state == "FAILED" and not is_blue(commit, revision):
                    yield f"task {task.task_id} was started for {revision.deployment_id}, which has FAILED"


def is_blue(commit: Commit, revision: ServiceRevision) -> bool:
    """The deployment that goes on, or that stands still half-way, shifts traffic away from it."""
    service = commit.state.get(Service, revision.service_arn)
    return service is not None and any(
        each.shift is not None
        and each.shift.blue_revision_arn == revision.service_revision_arn
        and each.target_revision_arn == service.revision_arn
        for each in commit.state.by(ServiceDeployment, "service_arn", revision.service_arn)
    )


def maximum_percent_is_kept(commit: Commit) -> Iterator[str]:
    for service in commit.rolling_services(commit.born):
        upper = service.desired_count * service.deployment_configuration.maximum_percent // 100
        live = sum(is_live(task) for task in commit.state.by(Task, "service_arn", service.service_arn))
        if live > upper:
            yield f"{service.service_name} has {live} live tasks after a start; {upper} is the maximum"


def minimum_healthy_percent_is_kept(commit: Commit) -> Iterator[str]:
    """By the scheduler's own doing: unhealthy tasks may go, and accidents happen."""
    for service in commit.rolling_services(commit.stopped_by_scheduler):
        percent = service.deployment_configuration.minimum_healthy_percent
        lower = min(service.desired_count, (service.desired_count * percent + 99) // 100)
        healthy = left = 0
        for task in commit.state.by(Task, "service_arn", service.service_arn):
            before = commit.was(task)
            if before is not None and is_live(before) and task.healthy_at is not None:
                healthy += 1
                left += is_live(task)
        if left < min(lower, healthy):
            yield (
                f"{service.service_name} was left with {left} healthy tasks of {healthy} by stops; "
                f"{lower} is the minimum"
            )


def deployments_end_once(commit: Commit) -> Iterator[str]:
    for before, after in commit.of(ServiceDeployment):
        if (
            before is not None
            and after is not None
            and not before.in_progress
            and after.status != before.status
        ):
            name = short_name(after.service_deployment_arn)
            yield f"service deployment {name} had ended as {before.status} and is {after.status}"
    for _, service in commit.of(Service):
        if service is not None and service.service_deployment_arn is not None:
            current = commit.state.get(ServiceDeployment, service.service_deployment_arn)
            if current is None or not current.in_progress:
                yield f"{service.service_name} names a service deployment that is not in progress"


def completed_means_rolled_out(commit: Commit) -> Iterator[str]:
    """Every task of the new revision is healthy, and no other has any, unless success comes early."""
    for before, revision in commit.of(ServiceRevision):
        if revision is None or before is None or before.rollout_state == revision.rollout_state:
            continue
        service = commit.state.get(Service, revision.service_arn)
        if revision.rollout_state != "COMPLETED" or service is None or not commit.rolls(service):
            continue
        if service.deployment_configuration.early_success.enable:
            continue
        live = [task for task in commit.state.by(Task, "service_arn", revision.service_arn) if is_live(task)]
        own = [t for t in live if t.deployment_id == revision.deployment_id and t.healthy_at is not None]
        if len(own) != service.desired_count or len(live) != len(own):
            yield (
                f"{revision.deployment_id} completed with {len(own)} healthy tasks of {service.desired_count}"
                f" and {len(live) - len(own)} other live ones"
            )


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


CHECKS: tuple[Check, ...] = (
    nothing_started_for_a_failed_deployment,
    maximum_percent_is_kept,
    minimum_healthy_percent_is_kept,
    deployments_end_once,
    completed_means_rolled_out,
    starts_pause_after_failures,
    steady_means_steady,
)
