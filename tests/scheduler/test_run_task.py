"""RunTask, StartTask, and tasks that wait for capacity."""

from __future__ import annotations

from typing import Any

from shipway.model.snapshot import Fleet
from shipway.scheduler.birth import Birth, new_task
from shipway.scheduler.run_task import (
    NO_CAPACITY,
    RunTaskSnapshot,
    StartTaskSnapshot,
    UnplacedSnapshot,
    plan_run_task,
    plan_start_task,
    plan_unplaced,
)
from shipway.seams import SeededIds
from tests.builders import (
    CLUSTER,
    START_MS,
    a_container_definition,
    a_fleet,
    a_task_definition,
    an_instance,
    instance_arn,
)
from tests.scheduler.world import CountingIds

EMPTY = Fleet(CLUSTER)


def a_birth(memory: int = 128, **members: Any) -> Birth:
    definition = a_task_definition(1, a_container_definition(memory=memory))
    defaults: dict[str, Any] = {"task_definition": definition, "cluster_arn": CLUSTER, "created_at": START_MS}
    return Birth(**{**defaults, **members})


def test_run_task_places_each_task() -> None:
    """Each of `count` tasks is a StartTask on its instance."""
    snapshot = RunTaskSnapshot(birth=a_birth(started_by="me"), fleet=a_fleet(), count=2)
    plan, failures = plan_run_task(snapshot, CountingIds())
    assert failures == ()
    assert plan.text() == (
        "start 00000000000000000000000000000001 of web:1 on 00000000000000000000000000000001:"
        " RunTask asked for it by me.\n"
        "start 00000000000000000000000000000002 of web:1 on 00000000000000000000000000000002:"
        " RunTask asked for it by me."
    )


def test_partial_success_has_both() -> None:
    """What fits is started; for the rest there is one failure an instance."""
    snapshot = RunTaskSnapshot(birth=a_birth(memory=3000), fleet=a_fleet(), count=5)
    plan, failures = plan_run_task(snapshot, SeededIds(1))
    assert len(plan.actions) == 3
    assert [failure.reason for failure in failures] == ["RESOURCE:MEMORY"] * 3
    assert failures[0].detail == "1904 MiB short (3000 needed, 1096 left)"


def test_fargate_waits_for_its_first_instance() -> None:
    """With no hidden instance connected, Fargate tasks are born unplaced; EC2 tasks are refused."""
    fleet = a_fleet(an_instance(agent_connected=False))
    plan, failures = plan_run_task(
        RunTaskSnapshot(birth=a_birth(launch_type="FARGATE"), fleet=fleet), CountingIds()
    )
    assert "on unplaced" in plan.text() and failures == ()
    plan, failures = plan_run_task(RunTaskSnapshot(birth=a_birth(), fleet=fleet), CountingIds())
    assert plan.actions == () and [failure.reason for failure in failures] == ["AGENT"]


def test_start_task_names_its_instances() -> None:
    """One task an instance, by id or ARN; constraints do not count, and each refusal has its reason."""
    fleet = a_fleet(an_instance(1), an_instance(2, status="DRAINING"), an_instance(3, memory=100))
    never = ({"type": "memberOf", "expression": "task:group == never"},)
    snapshot = StartTaskSnapshot(
        birth=a_birth(placement_constraints=never),
        fleet=fleet,
        container_instances=(f"{1:032x}", instance_arn(2), instance_arn(3), "nobody"),
    )
    plan, failures = plan_start_task(snapshot, CountingIds())
    assert len(plan.actions) == 1
    assert [(failure.arn[-1], failure.reason) for failure in failures] == [
        ("2", "INACTIVE"),
        ("3", "RESOURCE:MEMORY"),
        ("y", "MISSING"),
    ]


def an_unplaced_snapshot(fleet: Fleet, age_ms: int = 0, **members: Any) -> UnplacedSnapshot:
    birth = a_birth(**{"launch_type": "FARGATE", **members})
    task, _ = new_task(birth, None, RunTaskSnapshot(birth=birth, fleet=fleet).addresses, CountingIds())
    definitions = {birth.task_definition.task_definition_arn: birth.task_definition}
    return UnplacedSnapshot(
        now_ms=START_MS + age_ms, tasks=(task,), task_definitions=definitions, fleet=fleet
    )


def test_waiting_task_gets_its_instance() -> None:
    """As soon as an instance is there, the task is placed, with the address it was born with."""
    plan = plan_unplaced(an_unplaced_snapshot(a_fleet()), CountingIds())
    assert [action.text() for action in plan.actions] == [
        "place 00000000000000000000000000000001 on 00000000000000000000000000000001"
    ]


def test_waiting_task_gives_up_after_the_limit() -> None:
    """Two minutes without an instance: TaskFailedToStart, and until then the moment to look again."""
    assert plan_unplaced(an_unplaced_snapshot(EMPTY), CountingIds()).wake_at == START_MS + 120_000
    plan = plan_unplaced(an_unplaced_snapshot(EMPTY, 120_000), CountingIds())
    assert f"(TaskFailedToStart: {NO_CAPACITY})" in plan.text()


def test_task_that_can_never_fit_fails_at_once() -> None:
    """Larger than any instance is when empty: waiting would not help, and the reason says what is missing."""
    plan = plan_unplaced(an_unplaced_snapshot(a_fleet(), memory=9000, launch_type="EC2"), CountingIds())
    assert plan.text() == (
        "stop 00000000000000000000000000000001 (TaskFailedToStart: TaskFailedToStart: RESOURCE:MEMORY):"
        " No instance is large enough: RESOURCE:MEMORY, 4904 MiB short (9000 needed, 4096 left)."
    )
