"""Managed scaling of a capacity provider's group: the figure, steps, quiet time, draining; no oscillation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.actions import DrainInstance, Plan, ScaleGroup
from shipway.model.capacity_provider import AUTO_SCALING, CapacityProvider, GroupSize, ManagedScaling
from shipway.model.container_instance import ContainerInstance
from shipway.model.resources import Reservation
from shipway.model.snapshot import InstanceSize, Timing
from shipway.model.task import Task
from shipway.scheduler.birth import wanted_again
from shipway.scheduler.ground import Ground
from shipway.scheduler.managed_scaling import GroupSnapshot, plan_group, reservation
from tests.builders import (
    PLACE,
    START_MS,
    a_fleet,
    a_task,
    a_task_definition,
    an_instance,
)

SIZE = InstanceSize(cpu=1024, memory=1024)
QUIET_MS = 15 * 60_000
WARM_UP_MS = 5 * 60_000


def a_provider(*members: int, **changes: Any) -> CapacityProvider:
    defaults: dict[str, Any] = {
        "capacity_provider_arn": PLACE.capacity_provider("asg"),
        "kind": AUTO_SCALING,
        "auto_scaling_group_arn": "asg",
        "members": members,
    }
    return CapacityProvider(**{**defaults, **changes})


def member(number: int, **changes: Any) -> ContainerInstance:
    return an_instance(number, capacity_provider_name="asg", cpu=SIZE.cpu, memory=SIZE.memory, **changes)


def wish(number: int, memory: int = 512, **changes: Any) -> Task:
    """A task of the provider that waits for an instance."""
    return a_task(
        number,
        last_status="PROVISIONING",
        container_instance_arn=None,
        capacity_provider_name="asg",
        reservation=Reservation(cpu=128, memory=memory, **changes.pop("ports", {})),
        **changes,
    )


def on(number: int, instance: int, **changes: Any) -> Task:
    return a_task(
        number, instance=instance, reservation=Reservation(128, 512), capacity_provider_name="asg", **changes
    )


def a_group(
    provider: CapacityProvider,
    *instances: ContainerInstance,
    running: tuple[Task, ...] = (),
    waiting: tuple[Task, ...] = (),
    **changes: Any,
) -> GroupSnapshot:
    fleet = a_fleet(*instances, tasks=running) if instances else None
    definition = a_task_definition()
    defaults: dict[str, Any] = {
        "now_ms": START_MS,
        "provider": provider,
        "size": provider.group_size,
        "members": {int(view.instance.instance_id, 16): view for view in (fleet.instances if fleet else ())},
        "waiting": waiting,
        "task_definitions": {definition.task_definition_arn: definition},
        "new_instance": SIZE,
    }
    return GroupSnapshot(**{**defaults, **changes})


def planned(snapshot: GroupSnapshot) -> list[str]:
    return plan_group(snapshot).text().replace("0" * 31, "").splitlines()


@pytest.mark.parametrize(
    ("members", "running", "waiting", "expected"),
    [
        (0, (), (), 100.0),
        (0, (), (wish(1),), 200.0),
        (2, (on(1, 1),), (), 50.0),
        (2, (on(1, 1), on(2, 2)), (wish(3), wish(4), wish(5, memory=1000)), 150.0),
        (1, (on(1, 1), on(2, 1)), (wish(3),), 200.0),
        (2, (on(1, 1),), (wish(2, memory=100_000),), 50.0),
    ],
)
def test_the_reservation(
    members: int, running: tuple[Task, ...], waiting: tuple[Task, ...], expected: float
) -> None:
    """M / N * 100. What waits is packed; what no instance could ever take counts for nothing."""
    numbers = tuple(range(1, members + 1))
    instances = tuple(member(number) for number in numbers)
    snapshot = a_group(a_provider(*numbers), *instances, running=running, waiting=waiting)
    assert reservation(snapshot) == expected


def test_what_waits_brings_instances() -> None:
    """As many as it needs, packed: four halves on two. While they start, nothing more is added."""
    waiting = tuple(wish(number) for number in range(1, 5))
    snapshot = a_group(a_provider(), waiting=waiting)
    assert planned(snapshot) == [
        "group of asg: 1 2: 2 of 0 instances are needed, the group may have 0 to 10."
    ]
    starting = a_group(a_provider(1, 2, launched_at=START_MS), waiting=waiting, now_ms=START_MS + 1)
    assert planned(starting) == []
    assert reservation(starting) == 100.0


def test_a_drained_instance_is_none_to_spare_while_tasks_wait() -> None:
    """It takes nobody; once nobody waits it is the first to go."""
    drained = member(1, status="DRAINING")
    assert planned(a_group(a_provider(1), drained, waiting=(wish(1),))) == [
        "group of asg: 1 2: 2 of 1 instances are needed, the group may have 0 to 10."
    ]
    assert reservation(a_group(a_provider(1), drained)) == 0


def test_ports_and_distinct_instances_need_instances_of_their_own() -> None:
    """However small the tasks are."""
    ports = tuple(wish(number, 10, ports={"ports_tcp": (80,)}) for number in (1, 2, 3))
    assert planned(a_group(a_provider(), waiting=ports))[0].startswith("group of asg: 1 2 3:")
    apart = tuple(
        wish(number, 10, placement_constraints=({"type": "distinctInstance"},)) for number in (1, 2, 3)
    )
    assert planned(a_group(a_provider(), waiting=apart))[0].startswith("group of asg: 1 2 3:")


def test_target_capacity_leaves_spare_room() -> None:
    """At 50 % there are twice as many instances as needed."""
    half = a_provider(managed_scaling=ManagedScaling(target_capacity=50))
    assert planned(a_group(half, waiting=(wish(1),)))[0].startswith("group of asg: 1 2:")


def test_steps_and_limits() -> None:
    """At least the minimum step, at most the maximum step, never more than the group may have."""
    five = tuple(wish(number, memory=1000) for number in range(1, 6))
    for scaling, size, expected in (
        (ManagedScaling(maximum_step=2), GroupSize(), "1 2:"),
        (ManagedScaling(minimum_step=7), GroupSize(), "1 2 3 4 5 6 7:"),
        (ManagedScaling(), GroupSize(maximum=3), "1 2 3:"),
        (ManagedScaling(), GroupSize(minimum=6), "1 2 3 4 5 6:"),
    ):
        provider = a_provider(managed_scaling=scaling, group_size=size)
        assert planned(a_group(provider, waiting=five))[0].startswith(f"group of asg: {expected}")


def test_an_idle_instance_goes_after_a_quarter_of_an_hour() -> None:
    """Noted when it is first seen to be spare, drained when the time is over, gone in the next pass."""
    provider = a_provider(1, 2, launched_at=START_MS - WARM_UP_MS)
    instances = member(1), member(2)
    busy = (on(1, 1),)
    seen = a_group(provider, *instances, running=busy)
    plan = plan_group(seen)
    assert plan.wake_at == START_MS + QUIET_MS
    assert planned(seen) == [
        "group of asg: 1 2, some to spare: 1 of 2 instances are needed, the group may have 0 to 10."
    ]
    spare = replace(provider, spare_since=START_MS)
    early = a_group(spare, *instances, running=busy, now_ms=START_MS + QUIET_MS - 1)
    assert plan_group(early) == Plan((), START_MS + QUIET_MS)
    late = a_group(spare, *instances, running=busy, now_ms=START_MS + QUIET_MS)
    assert planned(late) == [
        "group of asg: 1 2, leaving 2, some to spare:"
        " 1 of 2 instances are needed, the group may have 0 to 10.",
        "drain instance 2: The group of asg shrinks.",
    ]
    leaving = a_provider(1, 2, leaving={2: START_MS}, spare_since=START_MS)
    gone = a_group(leaving, member(1), member(2, status="DRAINING"), running=busy)
    assert planned(gone) == ["group of asg: 1: 1 of 1 instances are needed, the group may have 0 to 10."]


def test_demand_ends_the_quiet_time() -> None:
    """Fifteen minutes without a break: what waits meanwhile starts them anew."""
    spare = a_provider(1, 2, spare_since=START_MS)
    snapshot = a_group(spare, member(1), member(2), running=(on(1, 1),), waiting=(wish(2, memory=1000),))
    assert planned(snapshot) == [
        "group of asg: 1 2: 2 of 2 instances are needed, the group may have 0 to 10."
    ]


def test_nothing_goes_while_instances_warm_up() -> None:
    """The warm-up of the last scale-out passes first; its user gives it, so speed shortens it."""
    provider = a_provider(1, 2, spare_since=START_MS - QUIET_MS, launched_at=START_MS - 1)
    instances = member(1), member(2)
    warm = a_group(provider, *instances, running=(on(1, 1),))
    assert plan_group(warm) == Plan((), START_MS - 1 + WARM_UP_MS)
    fast = a_group(provider, *instances, running=(on(1, 1),), timing=Timing().at_speed(100))
    assert plan_group(fast) == Plan((), START_MS - 1 + WARM_UP_MS // 100)


def test_half_at_most_in_a_step() -> None:
    """Eight idle ones: four now, the next not before a minute is over."""
    provider = a_provider(*range(1, 9), spare_since=START_MS - QUIET_MS)
    plan = plan_group(a_group(provider, *(member(number) for number in range(1, 9))))
    (group,) = [action for action in plan.actions if isinstance(action, ScaleGroup)]
    assert sorted(group.leaving) == [5, 6, 7, 8]
    assert sum(isinstance(action, DrainInstance) for action in plan.actions) == 4
    assert plan.wake_at == START_MS + 60_000


def test_daemons_do_not_count() -> None:
    """An instance with nothing but daemons is empty: it goes, and while it drains it is gone already."""
    spare = a_provider(1, spare_since=START_MS - QUIET_MS)
    snapshot = a_group(spare, member(1), running=(on(1, 1, daemon=True),))
    assert reservation(snapshot) == 0.0
    assert planned(snapshot)[0].startswith("group of asg: 1, leaving 1")


def test_an_owner_who_wants_fewer_gets_them_at_once() -> None:
    """Managed scaling switched off: the group's own figure counts; who has tasks drains first."""
    off = ManagedScaling(enabled=False)
    provider = a_provider(1, 2, managed_scaling=off, group_size=GroupSize(desired=1))
    busy = (on(1, 1), on(2, 1), on(3, 2))
    instances = member(1), member(2)
    assert planned(a_group(provider, *instances, running=busy))[0].startswith("group of asg: 1 2, leaving 2")
    leaving = replace(provider, leaving={2: START_MS}, spare_since=None)
    drains = a_group(leaving, member(1), member(2, status="DRAINING"), running=busy)
    assert plan_group(drains).actions == ()
    assert plan_group(drains).wake_at == START_MS + 48 * 3_600_000
    killed = replace(leaving, draining=False)
    assert planned(a_group(killed, member(1), member(2, status="DRAINING"), running=busy))[0].startswith(
        "group of asg: 1:"
    )


def test_protection_keeps_those_with_tasks() -> None:
    """Two instances with tasks, one is wanted: under termination protection both stay."""
    off = ManagedScaling(enabled=False)
    size = GroupSize(desired=1)
    provider = a_provider(1, 2, managed_scaling=off, group_size=size, termination_protection=True)
    snapshot = a_group(provider, member(1), member(2), running=(on(1, 1), on(2, 2)))
    assert not any("leaving" in line for line in planned(snapshot))


def test_a_provider_without_a_cluster_has_no_instances() -> None:
    """They go when the association does."""
    assert planned(a_group(a_provider(1, 2), associated=False)) == [
        "group of asg: nobody: It is associated with no cluster."
    ]


class GroupWorld:
    """Instances register some passes after they were added; waiting tasks are placed as soon as they fit."""

    def __init__(self, provider: CapacityProvider, tasks: list[Task]) -> None:
        self.provider = provider
        self.tasks = {task.task_arn: task for task in tasks}
        self.instances: dict[int, ContainerInstance] = {}
        self.starting: dict[int, int] = {}
        self.now_ms = START_MS
        self.counts: list[int] = []

    def step(self) -> None:
        self._register()
        self._place()
        plan = plan_group(self.snapshot())
        for action in plan.actions:
            if isinstance(action, ScaleGroup):
                names = ("members", "leaving", "launched_at", "spare_since")
                changes = {name: getattr(action, name) for name in names}
                self.provider = replace(self.provider, **changes)
            elif isinstance(action, DrainInstance):
                number = int(action.container_instance_arn.rpartition("/")[2], 16)
                self.instances[number] = replace(self.instances[number], status="DRAINING")
        for number in [*self.instances]:
            if number not in self.provider.members:
                del self.instances[number]
        self.counts.append(len(self.provider.members) - len(self.provider.leaving))
        self.now_ms = min(plan.wake_at or self.now_ms + 30_000, self.now_ms + 30_000)

    def snapshot(self) -> GroupSnapshot:
        placed = tuple(t for t in self.tasks.values() if t.container_instance_arn)
        waiting = tuple(t for t in self.tasks.values() if not t.container_instance_arn)
        return a_group(
            self.provider, *self.instances.values(), running=placed, waiting=waiting, now_ms=self.now_ms
        )

    def _register(self) -> None:
        for number in self.provider.members:
            if number not in self.instances:
                self.starting[number] = self.starting.get(number, 0) + 1
                if self.starting[number] > number % 3:
                    self.instances[number] = member(number)
                    del self.starting[number]

    def _place(self) -> None:
        snapshot = self.snapshot()
        views = sorted(snapshot.members.values(), key=lambda view: view.instance.container_instance_arn)
        ground = Ground(a_fleet(*(view.instance for view in views), tasks=tuple(self.tasks.values())))
        definition = a_task_definition()
        for task in snapshot.waiting if views else ():
            chosen = ground.place(wanted_again(task, definition), lambda _: 0)
            if chosen is not None:
                arn = chosen.instance.container_instance_arn
                self.tasks[task.task_arn] = replace(task, container_instance_arn=arn, last_status="RUNNING")


@given(
    st.lists(st.integers(50, 1500), max_size=14),
    st.integers(30, 100),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(4, 12),
)
def test_a_constant_load_comes_to_rest(
    memories: list[int], target: int, minimum_step: int, minimum: int, maximum: int
) -> None:
    """Up, perhaps down again once, then never anything more; within the group's limits all the time."""
    scaling = ManagedScaling(target_capacity=target, minimum_step=minimum_step)
    size = GroupSize(minimum=minimum, maximum=maximum)
    tasks = [wish(number, memory=memory) for number, memory in enumerate(memories, 1)]
    world = GroupWorld(a_provider(managed_scaling=scaling, group_size=size), tasks)
    for _ in range(200):
        world.step()
    assert all(minimum <= count <= maximum for count in world.counts)
    moves = [
        "up" if later > sooner else "down"
        for sooner, later in zip(world.counts, world.counts[1:], strict=False)
        if later != sooner
    ]
    assert moves == sorted(moves, reverse=True), "never up again after down"
    assert len(set(world.counts[-80:])) == 1
    fitting = [task for task in world.tasks.values() if task.reservation.memory <= SIZE.memory]
    if len(fitting) <= maximum:
        assert all(task.container_instance_arn for task in fitting)
