"""Placement: which container instance takes a task, or why none does.

ECS's steps: instances that are ACTIVE, then ordered checks, then strategies, then the first by ARN. It folds:
what was placed is counted as used in the fleet that comes back, so one pass can place many tasks. "No" is an
answer: a failure for each instance, the nearest miss first.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from shipway.model.resources import Reservation
from shipway.model.snapshot import Fleet, InstanceView
from shipway.model.task import Task
from shipway.scheduler.filters import CHECKS, Check, Wanted, first_miss
from shipway.scheduler.requirements import reservation_of as reservation_of
from shipway.scheduler.strategies import Chance, narrowed
from shipway.seams import Ids


class Failure(msgspec.Struct, frozen=True):
    """One entry of `failures`: ECS's reason, and in the detail what is missing and how much."""

    arn: str
    reason: str
    detail: str = ""


class Placement(msgspec.Struct, frozen=True):
    """The instance that takes the task, the fleet with the task counted as used, or the failures."""

    instance: InstanceView | None
    fleet: Fleet
    failures: tuple[Failure, ...] = ()


def place(fleet: Fleet, wanted: Wanted, chance: Chance = lambda _: 0) -> Placement:
    candidates = [view for view in active(fleet) if first_miss(view, wanted) is None]
    if not candidates:
        return Placement(None, fleet, failures_of(active(fleet), wanted))
    best = narrowed(candidates, active(fleet), wanted.strategies, wanted.group, chance)
    chosen = min(best, key=lambda view: view.instance.container_instance_arn)
    return Placement(chosen, occupied(fleet, chosen, wanted.reservation, wanted.group))


def active(fleet: Fleet) -> tuple[InstanceView, ...]:
    """The instances that placement considers at all; RunTask in an EC2 cluster without any is an error."""
    return tuple(view for view in fleet.instances if view.instance.status == "ACTIVE")


def failures_of(
    views: Iterable[InstanceView], wanted: Wanted, checks: tuple[Check, ...] = CHECKS
) -> tuple[Failure, ...]:
    """One failure an instance. Nearest is who failed latest in the order, then who is short by least."""
    missed = []
    for view in views:
        found = first_miss(view, wanted, checks)
        if found is not None:
            rank, miss = found
            arn = view.instance.container_instance_arn
            missed.append(((-rank, miss.short_by, arn), Failure(arn, miss.reason, miss.detail)))
    return tuple(failure for _, failure in sorted(missed, key=lambda entry: entry[0]))


def occupied(fleet: Fleet, chosen: InstanceView, reservation: Reservation, group: str) -> Fleet:
    after = replace(
        chosen,
        remaining=chosen.remaining.minus(reservation),
        groups={**chosen.groups, group: chosen.groups.get(group, 0) + 1},
        tasks=chosen.tasks + 1,
    )
    return replace(fleet, instances=tuple(after if view is chosen else view for view in fleet.instances))


def without_groups_of(fleet: Fleet, stopping: Iterable[Task]) -> Fleet:
    """The fleet once these are told to stop: they leave their groups at once, free their resources later."""
    leaving = [(task.container_instance_arn, task.group) for task in stopping]
    views = []
    for view in fleet.instances:
        groups = dict(view.groups)
        for arn, group in leaving:
            if arn == view.instance.container_instance_arn and groups.get(group):
                groups[group] -= 1
        views.append(replace(view, groups={group: count for group, count in groups.items() if count}))
    return replace(fleet, instances=tuple(views))


def chance_of(ids: Ids) -> Chance:
    """The `random` strategy draws from the ids, so a seed decides placement too."""
    return lambda n: int(ids.hex32(), 16) % n
