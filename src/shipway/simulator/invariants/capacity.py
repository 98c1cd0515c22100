"""Promises about capacity providers: which of them a task has, and where it may run then.

Shares are asked for afterwards: whoever got a task must have had no less claim to it than anybody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from shipway.model.container_instance import ContainerInstance
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target import UNHEALTHY, Target
from shipway.model.task import Task
from shipway.simulator.invariants.commit import ORDER, Check, Commit, revision_of
from shipway.simulator.invariants.placement import placed

Document = dict[str, Any]
FARGATE = ("FARGATE", "FARGATE_SPOT")


def fargate_has_instances_of_its_own(commit: Commit) -> Iterator[str]:
    """Nobody else runs there, and its tasks run nowhere else."""
    for task in placed(commit):
        instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
        fargate = task.launch_type == "FARGATE"
        if instance is not None and fargate != (instance.cluster_arn != task.cluster_arn):
            yield f"task {task.task_id} of {task.launch_type} was placed in {instance.cluster_arn}"
        if fargate and task.interface is None:
            yield f"task {task.task_id} runs on Fargate without a network interface"


def a_provider_has_instances_of_its_own(commit: Commit) -> Iterator[str]:
    for task in placed(commit):
        name = task.capacity_provider_name
        instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
        if name in (None, *FARGATE) or instance is None or instance.capacity_provider_name == name:
            continue
        yield f"task {task.task_id} of {name} was placed on an instance of {instance.capacity_provider_name}"


def a_task_has_a_provider_of_its_strategy(commit: Commit) -> Iterator[str]:
    for task in commit.born:
        revision = revision_of(commit, task) if task.service_arn else None
        if revision is None:
            continue
        names = [item["capacityProvider"] for item in revision.capacity_provider_strategy]
        if task.capacity_provider_name not in (names or [None]):
            yield f"task {task.task_id} has {task.capacity_provider_name}, its strategy is {names}"
        wanted = FARGATE[0] if names and names[0] in FARGATE else "EC2" if names else revision.launch_type
        if task.launch_type != wanted:
            yield f"task {task.task_id} is of {task.launch_type}, its strategy is {names}"


class Shares(NamedTuple):
    """A revision that got tasks in this commit: which providers got them, and how many each has. Whether an
    unhealthy task still counts is left open, so a provider has `least` to `most`.
    """

    items: tuple[Document, ...]
    lucky: set[str]
    least: Counter[str]
    most: Counter[str]


def shares_of(commit: Commit) -> Iterator[Shares]:
    births: dict[str, list[Task]] = {}
    for task in commit.born:
        if task.service_arn and task.capacity_provider_name:
            births.setdefault(task.deployment_id or "", []).append(task)
    for deployment_id, born in births.items():
        revision = revision_of(commit, born[0])
        if revision is not None and len(revision.capacity_provider_strategy) > 1:
            own = commit.state.by(Task, "service_arn", revision.service_arn)
            staying = [task for task in own if task.deployment_id == deployment_id and stays(commit, task)]
            yield Shares(
                revision.capacity_provider_strategy,
                {task.capacity_provider_name or "" for task in born},
                Counter(t.capacity_provider_name or "" for t in staying if not is_doubtful(commit, t)),
                Counter(t.capacity_provider_name or "" for t in staying),
            )


def counts(task: Task) -> bool:
    return task.desired_status == "RUNNING" and ORDER.index(task.last_status) <= ORDER.index("RUNNING")


def stays(commit: Commit, task: Task) -> bool:
    """Who is on a draining instance is about to be replaced."""
    instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
    return counts(task) and (instance is None or instance.status != "DRAINING")


def is_doubtful(commit: Commit, task: Task) -> bool:
    """Perhaps it is unhealthy, and about to be replaced."""
    targets = commit.state.by(Target, "task_arn", task.task_arn)
    return task.running and (
        task.health_status == "UNHEALTHY" or any(target.state == UNHEALTHY for target in targets)
    )


def a_base_is_filled_first(commit: Commit) -> Iterator[str]:
    for items, lucky, _, has in shares_of(commit):
        for item in items:
            name, base = item["capacityProvider"], item.get("base", 0)
            if has[name] < base and lucky - {name}:
                yield f"{sorted(lucky)} got tasks while {name} has {has[name]} of its base of {base}"


def shares_follow_weights(commit: Commit) -> Iterator[str]:
    """Taken away again, no task that was born would have gone to another provider rather."""
    for items, lucky, least, most in shares_of(commit):
        bases = {item["capacityProvider"]: item.get("base", 0) for item in items}
        weights = {item["capacityProvider"]: item.get("weight", 0) for item in items}
        for name in sorted(lucky & bases.keys()):
            above = least[name] - bases[name]
            if above > 0 and not weights[name]:
                yield f"{name} has {above} tasks beyond its base, and no weight"
            for other in weights if above > 0 and weights[name] else ():
                next_one = max(most[other] - bases[other], 0) + 1
                if other != name and above * weights[other] > next_one * weights[name]:
                    yield f"{name} got a task before {other}: {dict(most)} by {weights}, bases {bases}"


def who_has_too_many_loses_tasks(commit: Commit) -> Iterator[str]:
    """Where a service is scaled in at rest, no provider beyond its base is left further beyond its share than
    one that lost a task was.
    """
    for service in commit.rolling_services(commit.stopped_by_scheduler):
        revision = at_rest(commit, service)
        if revision is None:
            continue
        losers = [t for t in commit.stopped_by_scheduler if t.service_arn == service.service_arn]
        tasks = [t for t in commit.state.by(Task, "service_arn", service.service_arn) if counts(t)]
        lost = {t.capacity_provider_name for t in losers if is_steady(commit, t)}
        left = {t.capacity_provider_name for t in tasks if is_steady(commit, t)}
        has = Counter(task.capacity_provider_name for task in tasks)
        items = {item["capacityProvider"]: item for item in revision.capacity_provider_strategy}
        for name in (name for name in items if name in lost):
            for other in (other for other in items if other in left and other != name):
                had, now = burden(items[name], has[name] + 1), burden(items[other], has[other])
                if had < now:
                    yield f"{name} lost a task and not {other}: {dict(has)} are left, by {list(items)}"


def burden(item: Document, count: int) -> float:
    """Tasks beyond the base, by weight; a base is no burden."""
    above = count - item.get("base", 0)
    if above <= 0:
        return -1.0
    return above / item["weight"] if item.get("weight") else float("inf")


def at_rest(commit: Commit, service: Service) -> ServiceRevision | None:
    """The one revision of which all tasks are, while nobody deploys, rebalances or starts anything."""
    current = commit.state.get(ServiceDeployment, service.service_deployment_arn or "")
    revision = commit.state.get(ServiceRevision, service.revision_arn)
    tasks = [t for t in commit.state.by(Task, "service_arn", service.service_arn) if not t.stopped]
    calm = (
        current is not None
        and not current.in_progress
        and revision is not None
        and len(revision.capacity_provider_strategy) > 1
        and service.availability_zone_rebalancing != "ENABLED"
        and all(task.deployment_id == revision.deployment_id for task in tasks)
    )
    return revision if calm else None


def is_steady(commit: Commit, task: Task) -> bool:
    """Healthy, on an instance that stays, and not protected."""
    instance = commit.state.get(ContainerInstance, task.container_instance_arn or "")
    return (
        task.healthy_at is not None
        and task.health_status != "UNHEALTHY"
        and instance is not None
        and instance.status == "ACTIVE"
        and (task.protected_until or 0) <= commit.now_ms
        and not (task.stopped_reason or "").startswith("Task failed ")
    )


CHECKS: tuple[Check, ...] = (
    fargate_has_instances_of_its_own,
    a_provider_has_instances_of_its_own,
    a_task_has_a_provider_of_its_strategy,
    a_base_is_filled_first,
    shares_follow_weights,
    who_has_too_many_loses_tasks,
)
