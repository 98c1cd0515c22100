"""Availability Zone rebalancing: when it begins, step by step, what ends it. The world checks both limits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.scheduler.rebalancing import moves_between
from tests.builders import START_MS, ZONES, a_service, an_instance
from tests.scheduler.world import World

A, B, C = ZONES


def proceed(world: World) -> None:
    """Everything that was told to start runs and is healthy, everything that was told to stop has stopped."""
    world.run()
    world.wait(5_000)
    world.end_stopping()
    world.settle()


def by_zone(world: World) -> dict[str, int]:
    return dict(sorted(Counter(task.availability_zone or "" for task in world.live()).items()))


def lopsided(desired_count: int = 6, joins: int = 3, maximum: int = 200, **members: Any) -> World:
    """Steady on two instances in two zones; then one in the third joins (or, with `joins` 0, none)."""
    service = {"steady_at": None, **members.pop("service", {})}
    world = World(
        a_service(desired_count, maximum=maximum, **service),
        instances=(an_instance(1), an_instance(2)),
        **members,
    )
    world.settle()
    for _ in range(3):
        proceed(world)
    assert world.service.steady_at is not None
    world.told()
    if joins:
        world.instances = (an_instance(joins),)
        world.settle()
    return world


def test_a_zone_that_joins_gets_its_share() -> None:
    """Start in the emptiest zone, wait until healthy, stop in the fullest; the words are ECS's."""
    world = lopsided(6)
    assert world.told() == [
        f"is not AZ balanced with 3 tasks in {A}, 3 tasks in {B}, 0 tasks in {C}."
        " AZ Rebalancing in progress.",
        f"has started 2 tasks in {C} to AZ Rebalance: (task 7) (task 8).",
    ]
    assert by_zone(world) == {A: 3, B: 3, C: 2}
    assert world.service.steady_at is None
    world.run()
    world.wait(4_999)
    assert world.told() == []
    world.wait(1)
    assert world.told() == [
        f"has stopped 1 running tasks in {A} due to AZ rebalancing: (task 1).",
        f"has stopped 1 running tasks in {B} due to AZ rebalancing: (task 2).",
    ]
    world.end_stopping()
    world.settle()
    assert world.told() == [
        f"is AZ balanced with 2 tasks in {A}, 2 tasks in {B}, 2 tasks in {C}.",
        "has reached a steady state.",
    ]
    assert world.service.rebalancing is None


def test_as_many_at_a_time_as_the_maximum_allows() -> None:
    """150 % of 4 leaves room for two; 110 % of 10 for one, so it takes several rounds."""
    world = lopsided(10, maximum=110, definition={"cpu": "64", "memory": "64"})
    rounds = 0
    while world.service.rebalancing is not None:
        assert len(world.live()) <= 11
        proceed(world)
        rounds += 1
    assert by_zone(world) == {A: 3, B: 4, C: 3}
    assert rounds >= 3


def test_one_task_of_difference_is_balance() -> None:
    """2, 1 and 0 tasks over three zones differ by two; 1, 1 and 0 do not."""
    world = lopsided(2)
    assert world.told() == [] and world.service.rebalancing is None


@pytest.mark.parametrize(
    "service",
    [
        {"availability_zone_rebalancing": "DISABLED"},
        {"placement_strategy": ({"type": "binpack", "field": "memory"},)},
        {"placement_strategy": ({"type": "spread", "field": "instanceId"},)},
        {
            "placement_constraints": (
                {"type": "memberOf", "expression": f"attribute:ecs.availability-zone != {C}"},
            )
        },
        {"placement_constraints": ({"type": "memberOf", "expression": "attribute:stack == blue"},)},
    ],
)
def test_who_is_not_eligible(service: dict[str, Any]) -> None:
    """Switched off, another first strategy, a constraint on zones; or the new instance does not suit."""
    world = World(a_service(6, **service), instances=(an_instance(1), an_instance(2)))
    blue = {**an_instance(1).attributes, "stack": "blue"}
    world.instances = tuple(replace(instance, attributes=blue) for instance in world.instances)
    world.settle()
    for _ in range(3):
        proceed(world)
    assert world.service.steady_at is not None
    world.told()
    world.instances = (an_instance(3),)
    world.settle()
    assert world.told() == [] and world.service.rebalancing is None


def test_who_spreads_over_zones_first_is_eligible() -> None:
    """ECS's own default, written out."""
    spread = {"type": "spread", "field": "attribute:ecs.availability-zone"}
    binpack = {"type": "binpack", "field": "memory"}
    world = lopsided(6, service={"placement_strategy": (spread, binpack)})
    assert world.told()[-1] == f"has started 2 tasks in {C} to AZ Rebalance: (task 7) (task 8)."


def test_no_surge_no_rebalancing() -> None:
    """A maximum of 100 % leaves no room for a task more."""
    world = lopsided(6, maximum=100, service={"minimum": 50})
    assert world.told() == [] and world.service.rebalancing is None


def test_a_zone_without_room_is_told_of_and_waited_for() -> None:
    """Nothing begins before there is room; the sentence comes once, and the plan watches the fleet."""
    world = lopsided(6, joins=0)
    world.instances = (an_instance(3, cpu=100),)
    world.settle()
    sentence = f"is unable to place a task in {C} because no container instance met all of its requirements."
    assert world.told() == [sentence]
    assert world.last_plan.watches_fleet
    world.wait(60_000)
    assert world.told() == []
    world.instances = (an_instance(3),)
    world.settle()
    assert world.told()[0].startswith("is not AZ balanced")


def interrupted(world: World) -> None:
    """It was begun, then something came; in the end the service is steady with its count."""
    told = world.told()
    assert told[0].startswith("is not AZ balanced") and "stopped AZ Rebalancing." in told, told
    for _ in range(6):
        proceed(world)
    assert len(world.live()) == world.service.desired_count
    assert world.service.steady_at is not None


def test_a_deployment_ends_it() -> None:
    """The surplus belongs to the old revision then, and goes with it."""
    world = lopsided(6)
    world.update()
    world.settle()
    interrupted(world)


def test_scaling_ends_it() -> None:
    """The count is another one; what is too many is scaled in as ever."""
    world = lopsided(6)
    world.scale(4)
    world.settle()
    interrupted(world)


def test_a_failing_task_ends_it() -> None:
    """One that dies is replaced first; rebalancing may begin again when the service is steady."""
    world = lopsided(6)
    for task in world.live()[:3]:
        world.crash(task)
    world.settle()
    interrupted(world)


def test_a_draining_instance_ends_it() -> None:
    """Its tasks must go first."""
    world = lopsided(6)
    world.instances = (replace(an_instance(1), status="DRAINING"),)
    world.settle()
    interrupted(world)


def test_protected_tasks_are_not_moved() -> None:
    """All tasks of the full zones are protected: said once, nothing begins until the protection is over."""
    world = lopsided(6, joins=0)
    until = world.now_ms + 60_000
    for task in world.live():
        world.report(task, protected_until=until)
    world.instances = (an_instance(3),)
    world.settle()
    assert world.told() == [
        "was unable to AZ Rebalance because (taskSet ecs-svc/1) was unable to scale in"
        " due to (reason 6 tasks under protection)"
    ]
    world.wait(60_000)
    assert world.told()[0].startswith("is not AZ balanced")


def test_tasks_protected_meanwhile_end_it() -> None:
    """The surplus cannot go where it should: rebalancing is over, and the newest tasks are scaled in."""
    world = lopsided(6)
    old = world.live()[:6]
    world.run()
    for task in old:
        world.report(task, protected_until=world.now_ms + 600_000)
    world.wait(5_000)
    told = world.told()
    assert "stopped AZ Rebalancing." in told
    assert any("was unable to AZ Rebalance" in message for message in told)
    assert len(world.live()) == 6


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 12), min_size=1), st.data())
def test_moves_balance_with_as_few_as_possible(counts: dict[str, int], data: st.DataObject) -> None:
    """Whatever the counts: afterwards every receiver is within one of the fullest; nobody overshoots."""
    receivers = data.draw(st.sets(st.sampled_from(sorted(counts)), min_size=1))
    moves = moves_between(counts, receivers)
    after = dict(counts)
    for move in moves:
        after[move.donor] -= 1
        after[move.receiver] += 1
    assert max(after.values()) - min(after[zone] for zone in receivers) <= 1
    assert {move.receiver for move in moves} <= receivers
    assert not {move.donor for move in moves} & {move.receiver for move in moves}
    assert moves_between(after, receivers) == []


HAPPENINGS = ("run", "run", "time", "crash", "drain", "back", "up", "down", "update", "protect", "away")


@given(
    st.lists(st.sampled_from(HAPPENINGS), min_size=3, max_size=25),
    st.sampled_from(((100, 200), (50, 150), (100, 150))),
)
def test_whatever_happens_zones_are_balanced_in_the_end(
    happenings: list[str], limits: tuple[int, int]
) -> None:
    """Every plan keeps both limits (the world checks); left in peace the service is steady and balanced."""
    world = World(a_service(4, minimum=limits[0], maximum=limits[1]))
    for happening in happenings:
        befall(world, happening)
        world.settle()
    world.instances = tuple(
        replace(instance, status="ACTIVE", agent_connected=True) for instance in world.instances
    )
    for _ in range(40):
        proceed(world)
        world.wait(60_000)
    assert world.service.steady_at is not None, world.told()
    assert world.service.rebalancing is None
    counts = [by_zone(world).get(zone, 0) for zone in ZONES]
    assert sum(counts) == world.service.desired_count
    assert max(counts) - min(counts) <= 1


def befall(world: World, happening: str) -> None:
    live = world.live()
    match happening:
        case "run":
            proceed(world)
        case "time":
            world.wait(3_000)
        case "crash" if live:
            world.crash(live[0])
        case "drain":
            world.instances = (replace(world.instances[0], status="DRAINING"),)
        case "back":
            world.instances = tuple(replace(instance, status="ACTIVE") for instance in world.instances)
        case "away":
            world.instances = (replace(world.instances[2], agent_connected=False),)
        case "up":
            world.scale(min(6, world.service.desired_count + 1))
        case "down":
            world.scale(max(2, world.service.desired_count - 1))
        case "update":
            world.update()
        case "protect" if live:
            world.report(live[-1], protected_until=START_MS + 120_000)
        case _:
            world.wait(1)
