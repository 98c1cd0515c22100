"""Placement: filters in ECS's order, strategies, folding, and refusals that explain themselves."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.resources import Remaining, Reservation
from shipway.model.snapshot import Fleet
from shipway.scheduler.filters import Wanted
from shipway.scheduler.placement import place
from tests.builders import CLUSTER, a_fleet, a_task, a_task_definition, a_view, an_instance


def a_wish(cpu: int = 256, memory: int = 512, **members: Any) -> Wanted:
    requires = members.pop("requires", ())
    defaults: dict[str, Any] = {
        "task_definition": a_task_definition(requires_attributes=requires),
        "reservation": Reservation(cpu, memory, members.pop("ports", ()), gpus=members.pop("gpus", 0)),
        "group": "service:web",
    }
    return Wanted(**{**defaults, **members})


def a_fleet_with_memory(*left_mib: int, **members: Any) -> Fleet:
    views = [
        a_view(an_instance(number, **members), remaining=Remaining(2048, left))
        for number, left in enumerate(left_mib, 1)
    ]
    return Fleet(CLUSTER, tuple(views))


def placed(fleet: Fleet, wanted: Wanted, count: int = 1) -> list[str]:
    """Instance ids, shortened, in the order of placement; `-` for a refusal."""
    names = []
    for _ in range(count):
        placement = place(fleet, wanted, lambda n: n - 1)
        fleet = placement.fleet
        names.append(placement.instance.instance.instance_id.lstrip("0") if placement.instance else "-")
    return names


def failures(fleet: Fleet, wanted: Wanted) -> list[tuple[str, str, str]]:
    found = place(fleet, wanted).failures
    return [(failure.arn[-1], failure.reason, failure.detail) for failure in found]


def test_default_spreads_over_zones_then_instances() -> None:
    """With no strategy, tasks of a service go to the zone with the fewest, then to the emptier instance."""
    fleet = a_fleet(*(an_instance(number) for number in (1, 2, 3, 4)))
    assert placed(fleet, a_wish(), 5) == ["1", "2", "3", "4", "2"]


def test_spread_counts_only_tasks_of_the_group() -> None:
    """What other services run does not matter to a spread."""
    tasks = (a_task(1, instance=1, group="service:other"), a_task(2, instance=2))
    assert placed(a_fleet(tasks=tasks), a_wish(), 2) == ["1", "3"]


def test_spread_avoids_instances_without_the_attribute() -> None:
    """Instances that lack the attribute are taken only when all lack it."""
    fleet = a_fleet(an_instance(1), an_instance(2, custom_attributes={"rack": "r1"}))
    wish = a_wish(strategies=({"type": "spread", "field": "attribute:rack"},))
    assert placed(fleet, wish, 2) == ["2", "2"]
    assert placed(a_fleet(), wish) == ["1"]


def test_binpack_fills_the_fullest_instance_that_fits() -> None:
    """The instance with the least memory left that still suffices, until it is full."""
    wish = a_wish(memory=512, strategies=({"type": "binpack", "field": "memory"},))
    assert placed(a_fleet_with_memory(4096, 1100, 256), wish, 3) == ["2", "2", "1"]


def test_strategies_chain() -> None:
    """The first narrows to the best zone, the next decides within it."""
    zones = [{"availability_zone": zone} for zone in ("us-east-1a", "us-east-1a", "us-east-1b")]
    views = [
        a_view(an_instance(number, **zone), remaining=Remaining(2048, left), groups=groups)
        for number, zone, left, groups in zip(
            (1, 2, 3), zones, (2048, 1024, 512), ({}, {}, {"service:web": 1}), strict=True
        )
    ]
    spread_then_pack = (
        {"type": "spread", "field": "attribute:ecs.availability-zone"},
        {"type": "binpack", "field": "MEMORY"},
    )
    assert placed(Fleet(CLUSTER, tuple(views)), a_wish(strategies=spread_then_pack)) == ["2"]


def test_random_draws_from_chance() -> None:
    """The random strategy takes what chance says, among those that fit."""
    assert placed(a_fleet(), a_wish(strategies=({"type": "random"},))) == ["3"]


def test_what_was_placed_counts_as_used() -> None:
    """One pass fills an instance and then refuses."""
    assert placed(a_fleet_with_memory(1100), a_wish(memory=512), 3) == ["1", "1", "-"]


def test_static_port_is_given_once_an_instance() -> None:
    """Two tasks with the same host port never share an instance."""
    assert placed(a_fleet(), a_wish(ports=(8080,)), 4) == ["1", "2", "3", "-"]


def test_reserved_port_is_refused() -> None:
    """Ports that the agent reserved at registration are taken."""
    assert failures(a_fleet(an_instance()), a_wish(ports=(22, 80))) == [
        ("1", "RESOURCE:PORTS", "22/tcp in use")
    ]


def test_distinct_instance() -> None:
    """No two tasks of one group on an instance; other groups do not matter."""
    wish = a_wish(constraints=({"type": "distinctInstance"},))
    assert placed(a_fleet(), wish, 4) == ["1", "2", "3", "-"]
    fleet = a_fleet(an_instance(), tasks=(a_task(),))
    assert failures(fleet, wish)[0][1] == "DistinctInstance placement constraint unsatisfied."


def test_member_of() -> None:
    """Only instances that match the expression are considered."""
    wish = a_wish(
        constraints=({"type": "memberOf", "expression": "attribute:ecs.availability-zone == us-east-1b"},)
    )
    assert placed(a_fleet(), wish, 2) == ["2", "2"]
    assert failures(a_fleet(an_instance()), wish)[0][1] == "MemberOf placement constraint unsatisfied."


def test_fargate_ignores_constraints() -> None:
    """A Fargate task's instances are nobody's to choose."""
    wish = a_wish(launch_type="FARGATE", constraints=({"type": "memberOf", "expression": "task:group == x"},))
    assert placed(a_fleet(), wish) == ["1"]


def test_nearest_miss_comes_first() -> None:
    """Refusals are ordered by how far the instance got, then by how little is missing."""
    views = (
        a_view(an_instance(1, agent_connected=False)),
        a_view(an_instance(2), remaining=Remaining(2048, 100)),
        a_view(an_instance(3), remaining=Remaining(2048, 300)),
        a_view(an_instance(4), remaining=Remaining(100, 4096)),
    )
    assert failures(Fleet(CLUSTER, views), a_wish(memory=512)) == [
        ("3", "RESOURCE:MEMORY", "212 MiB short (512 needed, 300 left)"),
        ("2", "RESOURCE:MEMORY", "412 MiB short (512 needed, 100 left)"),
        ("4", "RESOURCE:CPU", "156 CPU units short (256 needed, 100 left)"),
        ("1", "AGENT", "its agent is not connected"),
    ]


def test_only_active_instances_are_considered() -> None:
    """An instance that is DRAINING is neither taken nor listed as a failure."""
    fleet = a_fleet(an_instance(1, status="DRAINING"), an_instance(2))
    assert placed(fleet, a_wish(), 2) == ["2", "2"]
    assert failures(a_fleet(an_instance(1, status="DRAINING")), a_wish()) == []


@pytest.mark.parametrize(
    ("requires", "missing"),
    [
        (("ecs.capability.efs",), "ecs.capability.efs"),
        (("ecs.os-type=windows",), "ecs.os-type=windows"),
        (("ecs.instance-type=local",), None),
        (("ecs.instance-type=m5.large",), "ecs.instance-type=m5.large"),
    ],
)
def test_required_attributes(requires: tuple[str, ...], missing: str | None) -> None:
    """An attribute must be there, and have the value if one is asked for."""
    expected = [("1", "ATTRIBUTE", f"it lacks {missing}")] if missing else []
    assert failures(a_fleet(an_instance()), a_wish(requires=requires)) == expected


def test_cpu_of_nothing_always_fits() -> None:
    """A task that reserves no CPU fits on an instance that has none left."""
    fleet = Fleet(CLUSTER, (a_view(an_instance(), remaining=Remaining(-100, 4096)),))
    assert placed(fleet, a_wish(cpu=0)) == ["1"]


def test_external_instances_run_external_tasks_only() -> None:
    """Machines outside AWS and the launch type EXTERNAL belong together, whatever else would fit."""
    outside = an_instance(1, attributes={"ecs.capability.external": None})
    fleet = a_fleet(outside, an_instance(2))
    assert placed(fleet, a_wish(launch_type="EXTERNAL"), 2) == ["1", "1"]
    assert placed(fleet, a_wish(), 2) == ["2", "2"]
    assert failures(a_fleet(outside), a_wish()) == [("1", "ATTRIBUTE", "it takes launch type EXTERNAL only")]
    assert failures(a_fleet(), a_wish(launch_type="EXTERNAL"))[0][1:] == (
        "ATTRIBUTE",
        "it lacks ecs.capability.external",
    )


def test_gpus_short() -> None:
    """GPUs are the last of the resources to be asked for, and counted like the others."""
    fleet = a_fleet(an_instance(1, gpu_ids=("a", "b")), an_instance(2))
    wish = a_wish(gpus=1)
    assert placed(fleet, wish, 3) == ["1", "1", "-"]
    told = "1 GPUs short (1 needed, 0 left)"
    assert failures(a_fleet(an_instance(2)), wish) == [("2", "RESOURCE:GPU", told)]
