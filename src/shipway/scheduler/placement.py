"""Placement: which container instance takes a task, or why none does.

ECS's steps: instances that are ACTIVE, then ordered checks, then strategies, then the first by ARN. "No" is
an answer: a failure for each instance, the nearest miss first. `place` is the plain rule, a walk over the
fleet for one task; passes that place many ask their `Ground`, which must choose the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from shipway.model.snapshot import Fleet, InstanceView
from shipway.scheduler.constraints import OF_PROVIDER
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
    return Placement(chosen, with_task(fleet, chosen, wanted))


def active(fleet: Fleet) -> tuple[InstanceView, ...]:
    """The instances that placement considers at all; RunTask in an EC2 cluster without any is an error."""
    return tuple(view for view in fleet.instances if view.instance.status == "ACTIVE")


def failures_of(
    views: Iterable[InstanceView], wanted: Wanted, checks: tuple[Check, ...] = CHECKS
) -> tuple[Failure, ...]:
    """One failure an instance. Nearest is who failed latest in the order, then who is short by least."""
    missed = []
    for view in views:
        found = first_miss(view, wanted, checks) if is_spoken_of(view, wanted) else None
        if found is not None:
            rank, miss = found
            arn = view.instance.container_instance_arn
            missed.append(((-rank, miss.short_by, arn), Failure(arn, miss.reason, miss.detail)))
    return tuple(failure for _, failure in sorted(missed, key=lambda entry: entry[0]))


def is_spoken_of(view: InstanceView, wanted: Wanted) -> bool:
    """Other capacity providers' instances are no near misses."""
    return all(
        constraint.get("type") != OF_PROVIDER
        or constraint.get("expression") == view.instance.capacity_provider_name
        for constraint in wanted.constraints
    )


def with_task(fleet: Fleet, chosen: InstanceView, wanted: Wanted) -> Fleet:
    after = occupied(chosen, wanted)
    return replace(fleet, instances=tuple(after if view is chosen else view for view in fleet.instances))


def occupied(view: InstanceView, wanted: Wanted) -> InstanceView:
    """The instance with one more task."""
    return replace(
        view,
        remaining=view.remaining.minus(wanted.reservation),
        groups={**view.groups, wanted.group: view.groups.get(wanted.group, 0) + 1},
        tasks=view.tasks + 1,
    )


def chance_of(ids: Ids) -> Chance:
    """The `random` strategy draws from the ids, so a seed decides placement too."""
    return lambda n: int(ids.hex32(), 16) % n
