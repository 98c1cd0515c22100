"""Promises about task sets."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.service import Service
from shipway.model.task import Task
from shipway.model.task_set import TaskSet
from shipway.simulator.invariants.commit import Check, Commit, is_live, task_set_is_gone


def nothing_started_for_a_deleted_task_set(commit: Commit) -> Iterator[str]:
    for task in commit.born:
        service = commit.service(task)
        if service is not None and task_set_is_gone(commit, service, task):
            yield f"task {task.task_id} was started for {task.deployment_id}, which was deleted"


def one_task_set_is_primary(commit: Commit) -> Iterator[str]:
    """At most one of a service, and it is not going."""
    for arn in sorted({after.service_arn for _, after in commit.of(TaskSet) if after is not None}):
        primary = [s for s in commit.state.by(TaskSet, "service_arn", arn) if s.status == "PRIMARY"]
        if len(primary) > 1:
            yield f"{', '.join(s.task_set_id for s in primary)} are PRIMARY together"


def a_task_set_has_its_share(commit: Commit) -> Iterator[str]:
    """When it is told to be steady: so many tasks as its scale says, and all of them healthy."""
    for before, after in commit.of(TaskSet):
        told = after is not None and after.stability_status == "STEADY_STATE"
        if not told or after.status == "DRAINING" or (before and before.stability_status == "STEADY_STATE"):
            continue
        service = commit.state.get(Service, after.service_arn)
        tasks = [
            task
            for task in commit.state.by(Task, "service_arn", after.service_arn)
            if task.deployment_id == after.task_set_id and is_live(task)
        ]
        share = -(-round((service.desired_count if service else 0) * after.scale_percent, 6) // 100)
        healthy = sum(task.healthy_at is not None for task in tasks)
        if len(tasks) != share or healthy != share:
            yield f"{after.task_set_id} is steady with {healthy} healthy tasks of {len(tasks)}, not {share:g}"


CHECKS: tuple[Check, ...] = (
    nothing_started_for_a_deleted_task_set,
    one_task_set_is_primary,
    a_task_set_has_its_share,
)
