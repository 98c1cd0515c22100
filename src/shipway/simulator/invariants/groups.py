"""Promises about the groups of capacity providers: how they grow and shrink."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.simulator.invariants.commit import Check, Commit

Pair = tuple[CapacityProvider, CapacityProvider]


def changed(commit: Commit) -> Iterator[Pair]:
    """Groups whose machines are others than before."""
    for before, after in commit.of(CapacityProvider):
        if before is None or after is None:
            continue
        if (before.members, before.leaving) != (after.members, after.leaving):
            yield before, after


def staying(provider: CapacityProvider) -> set[int]:
    return set(provider.members) - provider.leaving.keys()


def others_on(commit: Commit, provider: CapacityProvider, number: int) -> list[str]:
    """The tasks on that member that are not daemons."""
    clusters = [c for c in commit.state.all(Cluster) if provider.name in c.capacity_providers]
    return [
        task.task_id
        for cluster in clusters
        for instance in commit.state.by(ContainerInstance, "cluster_arn", cluster.cluster_arn)
        if (instance.capacity_provider_name, instance.member_number) == (provider.name, number)
        and instance.status != "INACTIVE"
        for task in commit.state.by(Task, "container_instance_arn", instance.container_instance_arn)
        if not task.stopped and not task.daemon and task.daemon_arn is None
    ]


def a_group_keeps_its_limits(commit: Commit) -> Iterator[str]:
    for before, after in changed(commit):
        had, has, size = len(staying(before)), len(staying(after)), after.group_size
        if has > had and has > size.maximum:
            yield f"{after.name} grew to {has} instances, it may have {size.maximum}"
        if has < had and has < size.minimum:
            yield f"{after.name} shrank to {has} instances, it must have {size.minimum}"


def a_step_is_as_large_as_is_said(commit: Commit) -> Iterator[str]:
    for before, after in changed(commit):
        more, scaling = len(staying(after)) - len(staying(before)), after.managed_scaling
        needs_minimum = after.group_size.minimum > len(staying(before))
        if scaling.enabled and more > scaling.maximum_step and not needs_minimum:
            yield f"{after.name} grew by {more} instances at once, {scaling.maximum_step} are allowed"


def an_instance_in_use_is_protected(commit: Commit) -> Iterator[str]:
    for before, after in changed(commit):
        for number in sorted(staying(before) - staying(after)) if after.termination_protection else ():
            if tasks := others_on(commit, after, number):
                yield f"member {number} of {after.name} is to go with {', '.join(tasks)}"


def who_leaves_a_group_is_drained(commit: Commit) -> Iterator[str]:
    for before, after in changed(commit):
        for number in sorted(set(before.members) - set(after.members)) if after.draining else ():
            since = before.leaving.get(number, commit.now_ms)
            tasks = others_on(commit, after, number)
            if tasks and commit.now_ms - since < commit.timing.drain_max_ms:
                yield f"member {number} of {after.name} went with {', '.join(tasks)}"


def a_group_shrinks_slowly(commit: Commit) -> Iterator[str]:
    """Not while what was started last warms up, and by half at most; its owner's wish is done at once."""
    for before, after in changed(commit):
        had, has, scaling = len(staying(before)), len(staying(after)), after.managed_scaling
        if not scaling.enabled or has >= had or had > after.group_size.maximum:
            continue
        warm_ms = commit.now_ms - before.launched_at
        if warm_ms < commit.timing.scaled(scaling.warm_up_s * 1000):
            yield f"{after.name} shrinks {warm_ms} ms after it grew"
        if had - has > max(1, had // 2):
            yield f"{after.name} shrinks from {had} to {has} instances at once"


CHECKS: tuple[Check, ...] = (
    a_group_keeps_its_limits,
    a_step_is_as_large_as_is_said,
    an_instance_in_use_is_protected,
    who_leaves_a_group_is_drained,
    a_group_shrinks_slowly,
)
