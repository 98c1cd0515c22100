"""Capacity provider strategies, tasks that run on their provider's instances, and tasks that wait."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.model.actions import PlaceTask, StartTask, StopTask
from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Document
from shipway.model.snapshot import Provisioning, Timing
from shipway.model.task import Task
from shipway.scheduler.birth import Birth
from shipway.scheduler.capacity_strategy import PROVISIONING_MAX, excess, next_provider
from shipway.scheduler.run_task import RunTaskSnapshot, UnplacedSnapshot, plan_run_task, plan_unplaced
from shipway.scheduler.services import decide_service
from tests.builders import (
    CLUSTER,
    START_MS,
    ZONES,
    a_fleet,
    a_revision,
    a_service,
    a_snapshot,
    a_task,
    a_task_definition,
    an_instance,
)
from tests.scheduler.test_services import SICK, messages
from tests.scheduler.world import CountingIds

SCALED = Provisioning(frozenset({"asg"}))


def item(name: str, weight: int = 0, base: int = 0) -> Document:
    return {"capacityProvider": name, "weight": weight, "base": base}


@pytest.mark.parametrize(
    ("strategy", "count", "expected"),
    [
        ((item("a", weight=1, base=1), item("b", weight=3)), 10, {"a": 3, "b": 7}),
        ((item("a", weight=1), item("b", weight=4)), 10, {"a": 2, "b": 8}),
        ((item("a", base=2), item("b", weight=1)), 5, {"a": 2, "b": 3}),
        ((item("a"),), 3, {"a": 3}),
        ((item("a"), item("b", weight=1)), 3, {"b": 3}),
    ],
)
def test_tasks_are_shared_by_base_and_weight(
    strategy: tuple[Document, ...], count: int, expected: dict[str, int]
) -> None:
    """The base first, the rest in the proportion of the weights; a weight of 0 counts only alone."""
    placed: Counter[str] = Counter()
    for _ in range(count):
        placed[next_provider(strategy, placed) or ""] += 1
    assert placed == expected


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=4), st.integers(0, 20))
def test_scale_in_undoes_scale_out(figures: list[tuple[int, int]], count: int) -> None:
    """Whoever is furthest beyond its share goes: what is left is shared as if it had only come so far."""
    with_base = next((at for at, (_, base) in enumerate(figures) if base), None)
    strategy = tuple(
        item(f"p{at}", weight, base if at == with_base else 0) for at, (weight, base) in enumerate(figures)
    )
    placed: Counter[str] = Counter()
    came = [dict(placed)]
    for _ in range(count):
        placed[next_provider(strategy, placed) or ""] += 1
        came.append(dict(placed))
    while came:
        assert +placed == +Counter(came.pop())
        most = max(+placed, key=lambda name: excess(strategy, placed, name), default="")
        placed[most] -= 1


def test_a_service_scales_in_by_its_strategy() -> None:
    """FARGATE and FARGATE_SPOT share one instance here, and yet each keeps its part."""
    strategy = (item("FARGATE", weight=1, base=1), item("FARGATE_SPOT", weight=3))
    names = ("FARGATE", "FARGATE_SPOT", "FARGATE_SPOT", "FARGATE_SPOT", "FARGATE", "FARGATE_SPOT")
    tasks = [a_task(number, capacity_provider_name=name) for number, name in enumerate(names, 1)]
    members = {"completed": True, "capacity_provider_strategy": strategy}
    stopped = []
    for desired in (3, 1):
        plan = decide_service(
            a_snapshot(a_service(desired, minimum=0), *tasks, revisions=(a_revision(1, **members),)),
            CountingIds(),
        )
        gone = {action.task_arn for action in plan.actions if isinstance(action, StopTask)}
        tasks = [task for task in tasks if task.task_arn not in gone]
        stopped.append([task.capacity_provider_name for task in tasks])
    assert stopped == [["FARGATE", "FARGATE_SPOT", "FARGATE_SPOT"], ["FARGATE"]]


def test_who_is_no_longer_in_the_strategy_goes_first() -> None:
    """A strategy that was changed is met by scaling in, too."""
    strategy = (item("b", weight=1),)
    assert excess(strategy, {"a": 1, "b": 5}, "a") > excess(strategy, {"a": 1, "b": 5}, "b")
    assert excess((), {"a": 1}, "a") == excess((), {}, None) == 0


def test_no_strategy_no_provider() -> None:
    """A launch type has none."""
    assert next_provider((), {}) is None


def of_asg(number: int, **members: Any) -> ContainerInstance:
    return an_instance(number, capacity_provider_name="asg", **members)


def run(
    *instances: ContainerInstance, count: int = 1, provisioning: Provisioning = SCALED, **birth: Any
) -> tuple[list[Task], list[str]]:
    snapshot = RunTaskSnapshot(
        birth=Birth(
            task_definition=a_task_definition(),
            cluster_arn=CLUSTER,
            created_at=START_MS,
            capacity_provider_strategy=(item("asg", weight=1),),
            **birth,
        ),
        fleet=a_fleet(*instances),
        count=count,
        provisioning=provisioning,
    )
    plan, failures = plan_run_task(snapshot, CountingIds())
    tasks = [action.task for action in plan.actions if isinstance(action, StartTask)]
    return tasks, [failure.reason for failure in failures]


def test_a_providers_tasks_run_on_its_instances_only() -> None:
    """However much room there is elsewhere."""
    tasks, failures = run(an_instance(1), of_asg(2), count=3)
    assert {task.container_instance_arn for task in tasks} == {of_asg(2).container_instance_arn}
    assert {task.capacity_provider_name for task in tasks} == {"asg"}
    assert failures == []


def test_tasks_without_room_wait_in_provisioning() -> None:
    """With managed scaling there is no failure: they are born without an instance."""
    tasks, failures = run(an_instance(1), count=2)
    assert [(task.last_status, task.container_instance_arn) for task in tasks] == [("PROVISIONING", None)] * 2
    assert failures == []


def test_without_managed_scaling_nothing_waits() -> None:
    """The failures are those of the provider's instances; without any, the provider's own."""
    nobody = Provisioning()
    assert run(an_instance(1), provisioning=nobody) == ([], ["EMPTY CAPACITY PROVIDER"])
    full = of_asg(2, memory=10)
    assert run(an_instance(1), full, provisioning=nobody) == ([], ["RESOURCE:MEMORY"])


def test_only_so_many_may_wait() -> None:
    """The cluster's limit on PROVISIONING tasks."""
    almost = Provisioning(frozenset({"asg"}), PROVISIONING_MAX - 1)
    tasks, failures = run(an_instance(1), count=2, provisioning=almost)
    assert (len(tasks), failures) == (1, ["tasks provisioning capacity limit"])


def test_a_service_says_what_its_provider_lacks() -> None:
    """In ECS's words: no instances in the provider, or too many tasks that wait."""
    strategy = {"capacity_provider_strategy": (item("asg", weight=1),)}
    revision = a_revision(1, completed=True, **strategy)
    suffix = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    assert messages(a_snapshot(a_service(1), revisions=(revision,)))[-1] == (
        "was unable to place a task because no container instance met all of its requirements."
        f" Reason: No Container Instances were found in your capacity provider.{suffix}"
    )
    full = Provisioning(frozenset({"asg"}), PROVISIONING_MAX)
    assert messages(a_snapshot(a_service(1), revisions=(revision,), provisioning=full))[-1] == (
        "was unable to place tasks in your cluster because the tasks provisioning capacity limit was"
        " exceeded."
    )


def test_a_service_shares_its_tasks_among_providers() -> None:
    """What it has counts: two of `a` and none of `b`, so the next two go to `b`."""
    strategy = (item("a", weight=1), item("b", weight=1))
    revision = a_revision(1, completed=True, capacity_provider_strategy=strategy)
    tasks = tuple(a_task(number, capacity_provider_name="a") for number in (1, 2))
    snapshot = a_snapshot(
        a_service(4), *tasks, revisions=(revision,), provisioning=Provisioning(frozenset({"a", "b"}))
    )
    born = [a.task for a in decide_service(snapshot, CountingIds()).actions if isinstance(a, StartTask)]
    assert [task.capacity_provider_name for task in born] == ["b", "b"]


@pytest.mark.parametrize(
    "lost",
    [
        {"last_status": "PENDING", "instance": 2},
        {"instance": 2},
        {"containers": SICK},
    ],
    ids=["stopped while pending", "on a draining instance", "unhealthy"],
)
def test_who_takes_a_tasks_place_takes_its_part_of_the_base(lost: dict[str, Any]) -> None:
    """Whether the other stops at once or first waits for it: otherwise the base would be short of one."""
    strategy = (item("a", base=1), item("b", weight=1))
    revision = a_revision(1, completed=True, capacity_provider_strategy=strategy)
    tasks = (a_task(1, capacity_provider_name="a", **lost), a_task(2, capacity_provider_name="b"))
    snapshot = a_snapshot(
        a_service(2),
        *tasks,
        revisions=(revision,),
        fleet=a_fleet(an_instance(1), an_instance(2, status="DRAINING"), tasks=tasks),
        provisioning=Provisioning(frozenset({"a", "b"})),
    )
    born = [a.task for a in decide_service(snapshot, CountingIds()).actions if isinstance(a, StartTask)]
    assert [task.capacity_provider_name for task in born] == ["a"]


def test_what_was_born_in_another_zone_counts() -> None:
    """Availability Zone rebalancing starts one task in each of two zones: each provider gets one of them."""
    strategy = (item("FARGATE", weight=1), item("FARGATE_SPOT", weight=1))
    names = ("FARGATE", "FARGATE_SPOT", "FARGATE")
    tasks = tuple(a_task(number, capacity_provider_name=name) for number, name in enumerate(names, 1))
    snapshot = a_snapshot(
        a_service(3, steady_at=START_MS, availability_zone_rebalancing="ENABLED"),
        *tasks,
        revisions=(a_revision(1, completed=True, desired_count=3, capacity_provider_strategy=strategy),),
    )
    born = [a.task for a in decide_service(snapshot, CountingIds()).actions if isinstance(a, StartTask)]
    assert [(task.availability_zone, task.capacity_provider_name) for task in born] == [
        (ZONES[1], "FARGATE_SPOT"),
        (ZONES[2], "FARGATE"),
    ]


def waiting(**members: Any) -> Task:
    return a_task(
        1,
        last_status="PROVISIONING",
        container_instance_arn=None,
        capacity_provider_name="asg",
        created_at=START_MS,
        **members,
    )


def looked_at(after_ms: int, *instances: ContainerInstance, speed: float = 1.0) -> list[str]:
    definition = a_task_definition()
    snapshot = UnplacedSnapshot(
        now_ms=START_MS + after_ms,
        tasks=(waiting(),),
        task_definitions={definition.task_definition_arn: definition},
        fleet=a_fleet(*instances),
        timing=Timing().at_speed(speed),
    )
    plan = plan_unplaced(snapshot, CountingIds())
    shown = []
    for action in plan.actions:
        assert isinstance(action, PlaceTask | StopTask)
        shown.append("placed" if isinstance(action, PlaceTask) else action.stopped_reason)
    return shown


def test_waiting_tasks_are_placed_when_the_group_has_room() -> None:
    """Instances of others are no room; it fails after half an hour, at speed after two minutes."""
    half_an_hour = 30 * 60_000
    assert looked_at(1_000, an_instance(1)) == []
    assert looked_at(1_000, an_instance(1), of_asg(2)) == ["placed"]
    assert looked_at(half_an_hour - 1, an_instance(1)) == []
    assert looked_at(half_an_hour, an_instance(1)) == ["TaskFailedToStart: EMPTY CAPACITY PROVIDER"]
    assert looked_at(half_an_hour, of_asg(2, agent_connected=False)) == ["TaskFailedToStart: AGENT"]
    assert looked_at(119_999, an_instance(1), speed=1000) == []
    assert looked_at(120_000, an_instance(1), speed=1000) == ["TaskFailedToStart: EMPTY CAPACITY PROVIDER"]
