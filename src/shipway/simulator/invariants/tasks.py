"""Promises about tasks: their life, their health, their targets."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.target import DRAINING, HEALTHY, Target
from shipway.model.task import Task
from shipway.simulator.invariants.commit import (
    ORDER,
    Check,
    Commit,
    task_set_is_gone,
)

SETTLED_AT_BIRTH = (
    "task_definition_arn",
    "cluster_arn",
    "created_at",
    "launch_type",
    "group",
    "started_by",
    "service_arn",
    "deployment_id",
    "reservation",
)
EVENTS_MAX = 100


def last_status_only_forward(commit: Commit) -> Iterator[str]:
    for before, after in commit.of(Task):
        if before is None or after is None:
            continue
        if ORDER.index(after.last_status) < ORDER.index(before.last_status):
            yield f"task {after.task_id} went from {before.last_status} to {after.last_status}"
        if before.desired_status == "STOPPED" and after.desired_status != "STOPPED":
            yield f"task {after.task_id} was to stop and is wanted again"


def tasks_are_one_shot(commit: Commit) -> Iterator[str]:
    """What was settled at birth stays; a place once found stays; a STOPPED task is over."""
    for before, after in commit.of(Task):
        if before is None or after is None:
            continue
        changed = [name for name in SETTLED_AT_BIRTH if getattr(before, name) != getattr(after, name)]
        if before.container_instance_arn not in (None, after.container_instance_arn):
            changed.append("container_instance_arn")
        if before.stopped and (before.stopped_at, before.containers) != (after.stopped_at, after.containers):
            changed.append("its end")
        if changed:
            yield f"task {after.task_id}: {', '.join(changed)} changed"


def no_task_lost(commit: Commit) -> Iterator[str]:
    for before, after in commit.of(Task):
        if after is None and before is not None and not before.stopped:
            yield f"task {before.task_id} was forgotten while {before.last_status}"


def nothing_started_at_desired_count_0(commit: Commit) -> Iterator[str]:
    """Nor for a deleted service. While traffic shifts, the revision that serves is kept to the end."""
    for task in commit.born:
        service = commit.service(task)
        if service is None:
            continue
        if service.status != "ACTIVE" or (service.desired_count == 0 and commit.rolls(service)):
            wanted = f"{service.status} with desired count {service.desired_count}"
            yield f"task {task.task_id} was started for {service.service_name}, which is {wanted}"


def healthy_means_healthy(commit: Commit) -> Iterator[str]:
    """A task counts from the moment on at which every check says so, or after the dwell without any."""
    for before, task in commit.of(Task):
        if task is None or task.healthy_at is None or (before is not None and before.healthy_at is not None):
            continue
        revision = next(
            (
                r
                for r in commit.state.by(ServiceRevision, "service_arn", task.service_arn)
                if r.deployment_id == task.deployment_id
            ),
            None,
        )
        bindings = revision.load_balancers if revision is not None else ()
        targets = commit.state.by(Target, "task_arn", task.task_arn)
        if before is None or not before.running:
            yield f"task {task.task_id} counts as healthy before it runs"
        if task.has_health_check and task.health_status != "HEALTHY":
            yield f"task {task.task_id} counts as healthy, its containers say {task.health_status}"
        if len(targets) < len(bindings) or any(target.state != HEALTHY for target in targets):
            states = [target.state for target in targets]
            yield f"task {task.task_id} counts as healthy, its {len(bindings)} targets are {states}"
        ran_ms = commit.now_ms - (task.started_at or 0)
        if not task.has_health_check and not bindings and ran_ms < commit.timing.dwell_ms:
            yield f"task {task.task_id} counts as healthy after {ran_ms} ms without any check"


def the_grace_period_is_kept(commit: Commit) -> Iterator[str]:
    for task in commit.stopped_by_scheduler:
        service = commit.service(task)
        if service is None or not (task.stopped_reason or "").startswith("Task failed "):
            continue
        ran_ms = (task.stopping_at or 0) - (task.started_at or 0)
        if ran_ms < service.health_check_grace_period_s * 1000:
            yield f"task {task.task_id} was stopped as unhealthy after {ran_ms} ms"


def protected_tasks_are_left_alone(commit: Commit) -> Iterator[str]:
    for task in commit.stopped_by_scheduler:
        service = commit.service(task)
        unhealthy = (task.stopped_reason or "").startswith("Task failed ")
        protected = (task.protected_until or 0) > commit.now_ms
        deleted = service is None or service.status != "ACTIVE" or task_set_is_gone(commit, service, task)
        if protected and not unhealthy and not deleted:
            yield f"task {task.task_id} is protected and was stopped: {task.stopped_reason}"


def no_target_is_registered_for_a_stopping_task(commit: Commit) -> Iterator[str]:
    for before, target in commit.of(Target):
        if target is None or target.task_arn is None or target.state == DRAINING:
            continue
        if before is None or before.task_arn != target.task_arn:
            task = commit.state.get(Task, target.task_arn)
            if task is None or task.desired_status == "STOPPED":
                status = "gone" if task is None else f"{task.last_status}, wanted {task.desired_status}"
                yield f"target {target.target_id}:{target.port} was registered for a task that is {status}"


def events_are_capped(commit: Commit) -> Iterator[str]:
    for _, service in commit.of(Service):
        if service is not None and len(service.events) > EVENTS_MAX:
            yield f"{service.service_name} has {len(service.events)} events"


CHECKS: tuple[Check, ...] = (
    last_status_only_forward,
    tasks_are_one_shot,
    no_task_lost,
    nothing_started_at_desired_count_0,
    healthy_means_healthy,
    the_grace_period_is_kept,
    protected_tasks_are_left_alone,
    no_target_is_registered_for_a_stopping_task,
    events_are_capped,
)
