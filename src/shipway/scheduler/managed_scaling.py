"""How many container instances a capacity provider's group has, and which go: managed scaling.

The figure is ECS's CapacityProviderReservation, M / N * 100: N are the members that stay, registered or still
starting; M are those with tasks other than daemons, and what the waiting tasks need besides. Waiting tasks
are placed as they would be on the members' room, then packed onto members that are starting and onto new
ones. So members on their way count on both sides, and the figure does not overshoot while they start.

More at once, in steps; fewer only when there were too many for a quarter of an hour without a break, at most
half of them a minute, the empty ones first. Who is to go drains, and goes when only daemons are left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from shipway.model.actions import Action, DrainInstance, Plan, ScaleGroup
from shipway.model.capacity_provider import CapacityProvider, GroupSize
from shipway.model.resources import Remaining, Reservation
from shipway.model.snapshot import Fleet, InstanceSize, InstanceView, Timing
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.birth import wanted_again
from shipway.scheduler.filters import Wanted
from shipway.scheduler.ground import Ground

FULL_AND_MORE = 200.0
"""The reservation when something is needed and there is nothing to divide by."""


class GroupSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, its group as its owner wants it, and what of it is registered in the provider's cluster."""

    now_ms: int
    provider: CapacityProvider
    associated: bool = True  # with an ACTIVE cluster
    size: GroupSize = GroupSize()
    members: dict[int, InstanceView] = {}  # by number, those that are registered
    waiting: tuple[Task, ...] = ()  # PROVISIONING tasks of the provider, first born first
    task_definitions: dict[str, TaskDefinition] = {}
    new_instance: InstanceSize = InstanceSize()
    timing: Timing = Timing()

    @property
    def staying(self) -> tuple[int, ...]:
        return tuple(number for number in self.provider.members if number not in self.provider.leaving)


def plan_group(snapshot: GroupSnapshot) -> Plan:
    provider = snapshot.provider
    after = replace(provider, group_size=snapshot.size)
    if not snapshot.associated:
        after = replace(after, members=(), leaving={}, spare_since=None)
        return Plan(changed(provider, after, "It is associated with no cluster."))
    after = without_gone(snapshot, after)
    needed = needed_members(snapshot)
    count, staying = wanted_members(snapshot, needed), len(snapshot.staying)
    reason = f"{needed} of {staying} instances are needed, the group may have {limits(snapshot.size)}."
    wake: list[int] = [since + snapshot.timing.drain_max_ms for since in after.leaving.values()]
    if count > staying:
        after = replace(after, spare_since=None, launched_at=snapshot.now_ms)
        after = replace(after, members=(*after.members, *free_numbers(after.members, count - staying)))
    elif count < staying and (ready_at := ready_to_shrink(snapshot)) > snapshot.now_ms:
        after = replace(after, spare_since=spare_since(snapshot))
        wake.append(ready_at)
    elif count < staying:
        after = shrunk(snapshot, after, count)
        wake += [since + snapshot.timing.drain_max_ms for since in after.leaving.values()]
        if len(after.members) - len(after.leaving) > count:
            wake.append(snapshot.now_ms + snapshot.timing.shrink_step_ms)
    else:
        after = replace(after, spare_since=None)
    drained = drain_actions(snapshot, after)
    actions = (*changed(provider, after, reason), *drained)
    return Plan(actions, min((moment for moment in wake if moment > snapshot.now_ms), default=None))


def reservation(snapshot: GroupSnapshot) -> float:
    """CapacityProviderReservation, in percent."""
    needed, count = needed_members(snapshot), len(snapshot.staying)
    if not count:
        return FULL_AND_MORE if needed else 100.0
    return needed / count * 100


def wanted_members(snapshot: GroupSnapshot, needed: int) -> int:
    """How many members there are to be after this pass, or after the quiet time if they are fewer."""
    size, scaling, staying = snapshot.size, snapshot.provider.managed_scaling, len(snapshot.staying)
    if not scaling.enabled:
        return min(max(size.desired, size.minimum), size.maximum)
    target = math.ceil(needed * 100 / scaling.target_capacity)
    if target > staying:
        step = min(max(target - staying, scaling.minimum_step), scaling.maximum_step)
        target = staying + step
    return min(max(target, size.minimum), size.maximum)


def needed_members(snapshot: GroupSnapshot) -> int:
    """M: the members with tasks or with a place for a waiting one, and what must be there besides.

    A member that its owner drains takes nobody: while tasks wait in vain it is none to spare.
    """
    staying = {number: snapshot.members[number] for number in snapshot.staying if number in snapshot.members}
    busy = {number for number, view in staying.items() if not view.only_daemons}
    numbers = {view.instance.container_instance_arn: number for number, view in staying.items()}
    ground = Ground(Fleet("", tuple(sorted(staying.values(), key=arn_of))))
    bins: list[Bin] = []
    for task in snapshot.waiting:
        definition = snapshot.task_definitions.get(task.task_definition_arn)
        if definition is None or not fits_when_empty(task.reservation, snapshot.new_instance):
            continue
        wanted = wanted_again(task, definition)
        chosen = ground.place(wanted, lambda _: 0)
        if chosen is not None:
            busy.add(numbers[chosen.instance.container_instance_arn])
        else:
            pack(bins, wanted, snapshot.new_instance)
    if bins:
        busy.update(number for number, view in staying.items() if view.instance.status == "DRAINING")
    return len(busy) + len(bins)


def arn_of(view: InstanceView) -> str:
    return view.instance.container_instance_arn


class Bin:
    """An instance that is not there yet, and what is left of it."""

    def __init__(self, size: InstanceSize) -> None:
        self.remaining = Remaining(size.cpu, size.memory)
        self.groups: set[str] = set()

    def takes(self, wanted: Wanted) -> bool:
        left, asked = self.remaining, wanted.reservation
        distinct = any(constraint.get("type") == "distinctInstance" for constraint in wanted.constraints)
        return (
            asked.cpu <= left.cpu
            and asked.memory <= left.memory
            and left.ports_tcp.isdisjoint(asked.ports_tcp)
            and left.ports_udp.isdisjoint(asked.ports_udp)
            and not (distinct and wanted.group in self.groups)
        )

    def put(self, wanted: Wanted) -> None:
        self.remaining = self.remaining.minus(wanted.reservation)
        self.groups.add(wanted.group)


def pack(bins: list[Bin], wanted: Wanted, size: InstanceSize) -> None:
    """First fit: into the first bin that takes it, else into a new one."""
    chosen = next((each for each in bins if each.takes(wanted)), None)
    if chosen is None:
        bins.append(chosen := Bin(size))
    chosen.put(wanted)


def fits_when_empty(asked: Reservation, size: InstanceSize) -> bool:
    """No instance of this kind will ever take the others: they wait, and count for nothing."""
    return asked.cpu <= size.cpu and asked.memory <= size.memory and not asked.gpus


def without_gone(snapshot: GroupSnapshot, after: CapacityProvider) -> CapacityProvider:
    """Of those that leave, the ones with nothing but daemons are gone; so is whoever took too long."""
    gone = {number for number, since in after.leaving.items() if is_gone(snapshot, number, since)}
    return replace(
        after,
        members=tuple(number for number in after.members if number not in gone),
        leaving={number: since for number, since in after.leaving.items() if number not in gone},
    )


def is_gone(snapshot: GroupSnapshot, number: int, since: int) -> bool:
    view = snapshot.members.get(number)
    overdue = snapshot.now_ms >= since + snapshot.timing.drain_max_ms
    return view is None or view.only_daemons or overdue or not snapshot.provider.draining


def spare_since(snapshot: GroupSnapshot) -> int:
    known = snapshot.provider.spare_since
    return snapshot.now_ms if known is None else known


def ready_to_shrink(snapshot: GroupSnapshot) -> int:
    """When there have been too many for long enough; not while new ones warm up. An owner's wish is done at
    once.
    """
    provider, timing = snapshot.provider, snapshot.timing
    if not provider.managed_scaling.enabled or len(snapshot.staying) > snapshot.size.maximum:
        return snapshot.now_ms
    warm_at = provider.launched_at + timing.scaled(provider.managed_scaling.warm_up_s * 1000)
    return max(spare_since(snapshot) + timing.shrink_quiet_ms, warm_at)


def shrunk(snapshot: GroupSnapshot, after: CapacityProvider, count: int) -> CapacityProvider:
    """Some of those too many begin to leave; the next step may come after a pause."""
    staying, timing = snapshot.staying, snapshot.timing
    step = max(1, len(staying) // 2) if after.managed_scaling.enabled else len(staying)
    victims = first_to_go(snapshot)[: min(step, len(staying) - count)]
    if not victims:
        return replace(after, spare_since=spare_since(snapshot))
    return replace(
        after,
        leaving={**after.leaving, **dict.fromkeys(victims, snapshot.now_ms)},
        spare_since=snapshot.now_ms - timing.shrink_quiet_ms + timing.shrink_step_ms,
    )


def first_to_go(snapshot: GroupSnapshot) -> list[int]:
    """Empty ones first, those that drain already before others, then those with the fewest tasks; under
    termination protection only empty ones.
    """
    views = {number: snapshot.members.get(number) for number in snapshot.staying}
    tasks = {number: view.tasks - view.daemon_tasks if view else 0 for number, view in views.items()}
    drains = {number for number, view in views.items() if view and view.instance.status == "DRAINING"}
    protected = snapshot.provider.termination_protection
    candidates = [number for number, count in tasks.items() if not (protected and count)]
    return sorted(candidates, key=lambda number: (tasks[number], number not in drains, -number))


def free_numbers(members: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The lowest that no member has, so that zones fill up evenly again."""
    numbers = (number for number in range(1, len(members) + count + 1) if number not in members)
    return tuple(number for number, _ in zip(numbers, range(count), strict=False))


def drain_actions(snapshot: GroupSnapshot, after: CapacityProvider) -> tuple[Action, ...]:
    views: Mapping[int, InstanceView] = snapshot.members
    return tuple(
        DrainInstance(
            container_instance_arn=arn_of(views[number]), reason=f"The group of {after.name} shrinks."
        )
        for number in sorted(after.leaving)
        if number in views and views[number].instance.status == "ACTIVE"
    )


def changed(before: CapacityProvider, after: CapacityProvider, reason: str) -> tuple[Action, ...]:
    if after == before:
        return ()
    return (
        ScaleGroup(
            capacity_provider_arn=after.capacity_provider_arn,
            group_size=after.group_size,
            members=tuple(sorted(after.members)),
            leaving=after.leaving,
            launched_at=after.launched_at,
            spare_since=after.spare_since,
            reason=reason,
        ),
    )


def limits(size: GroupSize) -> str:
    return f"{size.minimum} to {size.maximum}"
