"""The ground chooses what the plain rule chooses, whatever the fleet, the wishes and what happened before."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.record import Document
from shipway.model.resources import Reservation
from shipway.model.snapshot import Fleet, InstanceView
from shipway.scheduler.filters import Wanted
from shipway.scheduler.fleet_index import FleetIndex, index_of
from shipway.scheduler.ground import Ground
from shipway.scheduler.placement import place
from shipway.scheduler.preference import Preference, preference_of
from tests.builders import (
    CLUSTER,
    a_fleet,
    a_task,
    a_task_definition,
    a_view,
    an_instance,
)

GROUPS = ("service:web", "family:job")
EXPRESSIONS = (
    "attribute:rack exists",
    "attribute:rack != r1",
    "task:group == service:web",
    "not(task:group == service:web)",
    "runningTasksCount < 2",
    "ec2InstanceId =~ i-0.*",
)
STRATEGIES: tuple[Document, ...] = (
    {"type": "spread", "field": "attribute:ecs.availability-zone"},
    {"type": "spread", "field": "attribute:rack"},
    {"type": "spread", "field": "instanceId"},
    {"type": "spread", "field": "host"},
    {"type": "binpack", "field": "memory"},
    {"type": "binpack", "field": "CPU"},
    {"type": "random"},
)
CONSTRAINTS: tuple[Document, ...] = (
    {"type": "distinctInstance"},
    *({"type": "memberOf", "expression": expression} for expression in EXPRESSIONS),
)


@st.composite
def views(draw: st.DrawFn, number: int) -> InstanceView:
    rack = draw(st.sampled_from((None, "r1", "r2", "r3")))
    instance = an_instance(
        number,
        status=draw(st.sampled_from(("ACTIVE", "ACTIVE", "ACTIVE", "DRAINING"))),
        agent_connected=draw(st.integers(0, 5)) > 0,
        cpu=draw(st.sampled_from((0, 1024, 2048))),
        memory=draw(st.sampled_from((512, 1024, 4096))),
        gpu_ids=("g1", "g2")[: draw(st.integers(0, 2))],
        custom_attributes=({"rack": rack} if rack else {})
        | ({"ecs.capability.external": None} if draw(st.integers(0, 5)) == 0 else {}),
    )
    groups = {group: count for group in GROUPS if (count := draw(st.integers(0, 2)))}
    return a_view(instance, groups=groups, tasks=sum(groups.values()))


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    numbers = draw(st.sets(st.integers(1, 12), max_size=8))
    return Fleet(CLUSTER, tuple(draw(views(number)) for number in sorted(numbers)))


@st.composite
def wishes(draw: st.DrawFn) -> Wanted:
    return Wanted(
        task_definition=a_task_definition(
            requires_attributes=draw(st.sampled_from(((), ("ecs.instance-type=local",), ("gone",))))
        ),
        reservation=Reservation(
            draw(st.sampled_from((0, 256, 1024))),
            draw(st.sampled_from((0, 200, 512))),
            draw(st.sampled_from(((), (), (80,)))),
            gpus=draw(st.sampled_from((0, 0, 1))),
        ),
        group=draw(st.sampled_from(GROUPS)),
        constraints=tuple(draw(st.lists(st.sampled_from(CONSTRAINTS), max_size=2))),
        strategies=tuple(draw(st.lists(st.sampled_from(STRATEGIES), max_size=3))),
        launch_type=draw(st.sampled_from(("EC2", "EC2", "EC2", "FARGATE", "EXTERNAL"))),
        needs_interface=draw(st.booleans()),
    )


class Draws:
    """Chance that can be played again: what it was asked matters as much as what it said."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.asked: list[int] = []

    def __call__(self, n: int) -> int:
        self.asked.append(n)
        return (self.seed + 7 * len(self.asked)) % n


def arn(view: InstanceView | None) -> str | None:
    return view.instance.container_instance_arn if view else None


@settings(max_examples=300)
@given(
    fleets(),
    st.lists(wishes(), min_size=1, max_size=3),
    st.lists(st.integers(0, 2), max_size=20),
    st.integers(0, 99),
)
def test_the_ground_chooses_what_the_plain_rule_chooses(
    fleet: Fleet, wanted: list[Wanted], turns: list[int], seed: int
) -> None:
    """Task after task, with wishes taking turns on one fleet; refusals and draws are the same too."""
    ground, plain = Ground(fleet), fleet
    chance, plain_chance = Draws(seed), Draws(seed)
    for turn in turns:
        wish = wanted[turn % len(wanted)]
        expected = place(plain, wish, plain_chance)
        chosen = ground.place(wish, chance)
        assert arn(chosen) == arn(expected.instance)
        assert chance.asked == plain_chance.asked
        if chosen is None:
            assert ground.failures(wish) == expected.failures
            assert ground.nearest_failure(wish) == next(iter(expected.failures), None)
        plain = expected.fleet
        assert ground.fleet == plain


@settings(max_examples=200)
@given(st.lists(fleets(), min_size=2, max_size=4), st.lists(wishes(), min_size=1, max_size=2))
def test_an_index_follows_its_fleet(snapshots: list[Fleet], wanted: list[Wanted]) -> None:
    """Instances come, go and change between two passes: the index that followed chooses as a new one does."""
    memo = snapshots[0].memo
    for snapshot in snapshots:
        followed = replace(snapshot, memo=memo)
        for wish in wanted:
            ground, expected = Ground(followed), place(snapshot, wish, Draws(3))
            chosen = ground.place(wish, Draws(3))
            assert arn(chosen) == arn(expected.instance)
            if chosen is None:
                assert ground.nearest_failure(wish) == next(iter(expected.failures), None)


@given(fleets(), wishes(), st.lists(st.integers(0, 7), max_size=6))
def test_stopping_tasks_leave_their_group_at_once(fleet: Fleet, wish: Wanted, where: list[int]) -> None:
    """What they hold stays taken; the group no longer counts them, for spreads and for constraints."""
    stopping = []
    groups = [dict(view.groups) for view in fleet.instances]
    for index in where:
        if index < len(groups) and groups[index].get(wish.group):
            instance_arn = arn(fleet.instances[index])
            stopping.append(a_task(group=wish.group, container_instance_arn=instance_arn))
            groups[index][wish.group] -= 1
    left = tuple(
        replace(view, groups={group: count for group, count in own.items() if count})
        for view, own in zip(fleet.instances, groups, strict=True)
    )
    plain = replace(fleet, instances=left)
    ground = Ground(fleet, stopping=stopping)
    assert ground.fleet == plain
    for _ in range(3):
        expected = place(plain, wish, Draws(1))
        assert arn(ground.place(wish, Draws(1))) == arn(expected.instance)
        plain = expected.fleet


def test_what_only_the_plain_rule_can_say() -> None:
    """`random` among equals of a binpack, or of instances, is drawn by a walk over the fleet."""
    random, binpack, spread = STRATEGIES[6], STRATEGIES[4], STRATEGIES[0]
    by_walk = [
        preference_of(Wanted(**a_wish_with(strategies))) is None
        for strategies in ((random,), (spread, random), (binpack, random), (STRATEGIES[2], random))
    ]
    assert by_walk == [False, False, True, True]
    assert preference_of(Wanted(**a_wish_with((binpack, spread)))) is Preference


def a_wish_with(strategies: tuple[Document, ...]) -> dict[str, Any]:
    return {
        "task_definition": a_task_definition(),
        "reservation": Reservation(1, 1),
        "group": "service:web",
        "strategies": strategies,
    }


def test_an_index_is_kept_with_its_fleet() -> None:
    """The next snapshot of a fleet finds it; another fleet has its own."""
    fleet = a_fleet()
    index = index_of(fleet)
    assert isinstance(index, FleetIndex)
    assert index_of(replace(fleet, instances=fleet.instances[:2])) is index
    assert len(index.by_arn) == 2
    assert index_of(a_fleet()) is not index
