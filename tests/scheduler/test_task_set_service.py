"""Task sets: each is kept at its share of the desired count, and no more is decided."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.actions import MarkHealthy, SetStability, StartTask, StopTask
from shipway.model.snapshot import ServiceSnapshot, TargetView, TaskSetView
from shipway.model.task import Task
from shipway.scheduler.services import decide_service
from tests.builders import (
    START_MS,
    TARGET_GROUP,
    a_binding,
    a_container_definition,
    a_fleet,
    a_revision,
    a_service,
    a_snapshot,
    a_stopped_task,
    a_task,
    a_task_definition,
    a_task_set,
    an_instance,
)
from tests.scheduler.world import CountingIds


def planned(snapshot: ServiceSnapshot) -> list[str]:
    return decide_service(snapshot, CountingIds()).text().replace("0" * 28, "").split("\n")


def a_task_set_snapshot(desired_count: int, *task_sets: Any, **members: Any) -> ServiceSnapshot:
    """An EXTERNAL service with these task sets; number N rolls out revision N. `counts`: as told last."""
    tasks = members.pop("tasks", ())
    fleet = members.pop("fleet", None) or a_fleet(tasks=tasks)
    counts = members.pop("counts", {})
    bindings = members.pop("load_balancers", ())
    revisions = tuple(
        a_revision(number, completed=True, desired_count=counts.get(number, 0), load_balancers=bindings)
        for number in (int(task_set.task_set_id[8:]) for task_set in task_sets)
    )
    primary = next((t.service_revision_arn for t in task_sets if t.status == "PRIMARY"), "")
    service = a_service(
        desired_count,
        deployment_controller="EXTERNAL",
        revision_arn=primary,
        steady_at=members.pop("steady_at", None),
    )
    views = tuple(TaskSetView(t, r, fleet) for t, r in zip(task_sets, revisions, strict=True))
    return a_snapshot(service, *tasks, revisions=revisions, task_sets=views, fleet=fleet, **members)


def test_a_share_is_rounded_up() -> None:
    """15 percent of 8 tasks are 2, told in the service's events; the tasks are the task set's."""
    snapshot = a_task_set_snapshot(8, a_task_set(1, scale_percent=15.0))
    wanted = "2 tasks of ecs-svc/1 are wanted, 0 are live."
    assert planned(snapshot) == [
        "deployment 1 desired 2: 15 percent of 8 tasks are wanted.",
        "event (service web) updated computedDesiredCount for taskSet ecs-svc/1 to 2.:"
        " 15 percent of 8 tasks are wanted.",
        f"start 0001 of web:1 on 0001: {wanted}",
        f"start 0002 of web:1 on 0002: {wanted}",
        "event (service web, taskSet ecs-svc/1) has started 2 tasks: (task 0001) (task 0002).:"
        " Tasks were started.",
    ]


def test_binary_fractions_add_no_task() -> None:
    """7 percent of 100 tasks are 7, whatever 100 * 7.0 / 100 comes to."""
    for percent in range(101):
        assert a_task_set(scale_percent=float(percent)).computed_desired_count(100) == percent


def test_one_task_set_starts_at_a_time() -> None:
    """They share instances: the second one places its tasks when those of the first count as used."""
    snapshot = a_task_set_snapshot(
        1, a_task_set(1, scale_percent=100.0, status="PRIMARY"), a_task_set(2, scale_percent=100.0)
    )
    started = [line for line in planned(snapshot) if line.startswith("start")]
    assert len(started) == 1 and "web:1" in started[0]


def test_stable_when_its_tasks_are_healthy() -> None:
    """Every task RUNNING and healthy is STEADY_STATE; the service is steady when all its task sets are."""
    stabilizing = a_task_set(1, scale_percent=100.0, status="PRIMARY")
    snapshot = a_task_set_snapshot(2, stabilizing, tasks=(a_task(1), a_task(2, instance=2)), counts={1: 2})
    assert planned(snapshot) == ["task set 1 STEADY_STATE: 2 of 2 tasks are healthy, 2 live."]
    steady = replace(stabilizing, stability_status="STEADY_STATE")
    again = a_task_set_snapshot(2, steady, tasks=snapshot.tasks, counts={1: 2})
    assert planned(again) == [
        "steady: Every task set is steady.",
        "event (service web) has reached a steady state.: Every task set is steady.",
    ]
    resting = a_task_set_snapshot(2, steady, tasks=snapshot.tasks, counts={1: 2}, steady_at=START_MS)
    assert planned(resting) == [""]


def test_a_draining_instance_unsettles_its_task_set() -> None:
    """Its task is replaced first, elsewhere; until it is gone the task set is STABILIZING."""
    steady = a_task_set(1, scale_percent=100.0, status="PRIMARY", stability_status="STEADY_STATE")
    task = a_task(1)
    fleet = a_fleet(an_instance(1, status="DRAINING"), an_instance(2), tasks=(task,))
    snapshot = a_task_set_snapshot(1, steady, tasks=(task,), counts={1: 1}, fleet=fleet, steady_at=START_MS)
    lines = planned(snapshot)
    assert lines[0] == "start 0001 of web:1 on 0002: 1 tasks of ecs-svc/1 are wanted, 1 are live."
    assert lines[2:] == [
        "task set 1 STABILIZING: 0 of 1 tasks are healthy, 1 live.",
        "not steady: Tasks come, go or are not healthy.",
    ]


def test_a_target_group_without_traffic_says_nothing() -> None:
    """A replacement is checked by nobody before traffic reaches it; it counts by its tasks alone."""
    task_set = a_task_set(1, scale_percent=100.0)
    task = a_task(1, healthy_at=None)
    members = {"tasks": (task,), "counts": {1: 1}, "load_balancers": (a_binding(),)}
    unused = {task.task_arn: (TargetView(TARGET_GROUP, 80, "unused"),)}
    lines = planned(a_task_set_snapshot(1, task_set, targets=unused, **members))
    assert lines[1] == "task set 1 STEADY_STATE: 1 of 1 tasks are healthy, 1 live."
    initial = {task.task_arn: (TargetView(TARGET_GROUP, 80, "initial"),)}
    assert planned(a_task_set_snapshot(1, task_set, targets=initial, **members)) == [""]


def test_a_deleted_task_set_stops_its_tasks_and_goes() -> None:
    """Protected tasks too; the others are left alone; it is forgotten once its last task is over."""
    primary = a_task_set(1, scale_percent=100.0, status="PRIMARY", stability_status="STEADY_STATE")
    draining = a_task_set(2, scale_percent=100.0, status="DRAINING")
    tasks = (a_task(1), a_task(2, revision=2, protected_until=START_MS + 90_000))
    snapshot = a_task_set_snapshot(1, primary, draining, tasks=tasks, counts={1: 1, 2: 1})
    assert planned(snapshot) == [
        "deployment 2 desired 0: 100 percent of 1 tasks are wanted.",
        "event (service web) updated computedDesiredCount for taskSet ecs-svc/2 to 0.:"
        " 100 percent of 1 tasks are wanted.",
        "stop 0002 (ServiceSchedulerInitiated: Scaling activity initiated by (deployment ecs-svc/2)):"
        " The task set was deleted.",
        "event (service web, taskSet ecs-svc/2) has stopped 1 running tasks: (task 0002).:"
        " The task set was deleted.",
    ]
    gone = a_task_set_snapshot(1, primary, draining, tasks=(tasks[0],), counts={1: 1})
    assert planned(gone) == ["forget task set 2: No task of it is left."]


def test_each_task_set_complains_for_itself() -> None:
    """One that finds no place is told once, and the other, which has no trouble, does not take it back."""
    definitions = {
        definition.task_definition_arn: definition
        for definition in (a_task_definition(1), a_task_definition(2, a_container_definition(memory=9000)))
    }
    sets = (
        a_task_set(1, scale_percent=100.0, status="PRIMARY", stability_status="STEADY_STATE"),
        a_task_set(2, scale_percent=100.0),
    )
    members = {"tasks": (a_task(1),), "counts": {1: 1, 2: 1}, "task_definitions": definitions}
    snapshot = a_task_set_snapshot(1, *sets, **members)
    (told,) = planned(snapshot)
    assert told.startswith("event (service web, taskSet ecs-svc/2) was unable to place a task because")
    noted = replace(snapshot.service, told_at={"placement of ecs-svc/2: RESOURCE:MEMORY": START_MS})
    assert planned(replace(snapshot, service=noted)) == [""]


def test_a_task_set_that_cannot_start_backs_off() -> None:
    """Failed starts in a row are paused as for every service; there is no circuit breaker."""
    failed = tuple(a_stopped_task(number, at=START_MS + 60_000) for number in (1, 2, 3))
    task_set = a_task_set(1, scale_percent=100.0)
    snapshot = a_task_set_snapshot(1, task_set, tasks=failed, counts={1: 1}, now_ms=START_MS + 60_500)
    plan = decide_service(snapshot, CountingIds())
    assert "start" not in [action.text().split()[0] for action in plan.actions]
    assert plan.wake_at == START_MS + 61_000


def test_without_task_sets_nothing_happens() -> None:
    """An EXTERNAL service waits for its first task set, and is not called steady."""
    assert planned(a_task_set_snapshot(3)) == [""]


@st.composite
def snapshots(draw: st.DrawFn) -> ServiceSnapshot:
    statuses = st.sampled_from(("ACTIVE", "ACTIVE", "DRAINING"))
    scales = st.sampled_from((0.0, 12.5, 33.3, 50.0, 100.0))
    sets = tuple(
        a_task_set(
            number,
            status="PRIMARY" if number == 1 else draw(statuses),
            scale_percent=draw(scales),
            stability_status=draw(st.sampled_from(("STABILIZING", "STEADY_STATE"))),
        )
        for number in range(1, draw(st.integers(2, 4)))
    )
    numbers = range(1, draw(st.integers(1, 9)))
    tasks = tuple(draw(tasks_of(number, len(sets))) for number in numbers)
    instances = tuple(
        an_instance(number, status=draw(st.sampled_from(("ACTIVE", "ACTIVE", "DRAINING"))))
        for number in (1, 2, 3)
    )
    fleet = a_fleet(*instances, tasks=tasks)
    return a_task_set_snapshot(draw(st.integers(0, 6)), *sets, tasks=tasks, fleet=fleet)


@st.composite
def tasks_of(draw: st.DrawFn, number: int, sets: int) -> Task:
    status = draw(st.sampled_from(("PENDING", "RUNNING", "RUNNING", "STOPPING", "STOPPED")))
    return a_task(
        number,
        last_status=status,
        desired_status="STOPPED" if status in ("STOPPING", "STOPPED") else "RUNNING",
        stopped_at=START_MS if status == "STOPPED" else None,
        revision=draw(st.integers(1, sets)),
        instance=draw(st.integers(1, 3)),
        healthy_at=START_MS if status == "RUNNING" and draw(st.booleans()) else None,
    )


@given(snapshots())
def test_counts_stay_within_each_share(snapshot: ServiceSnapshot) -> None:
    """No task set gets more than the maximum of its share, none loses more than its minimum allows."""
    plan = decide_service(snapshot, CountingIds())
    stopped = {action.task_arn for action in plan.actions if isinstance(action, StopTask)}
    born = [action.task for action in plan.actions if isinstance(action, StartTask)]
    now_healthy = {action.task_arn for action in plan.actions if isinstance(action, MarkHealthy)}
    for view in snapshot.task_sets:
        share = view.task_set.computed_desired_count(snapshot.service.desired_count)
        number = view.task_set.task_set_id
        live = [task for task in snapshot.tasks if task.live and task.deployment_id == number]
        kept = [task for task in live if task.task_arn not in stopped]
        new = [task for task in born if task.deployment_id == number]
        assert not new or len(kept) + len(new) <= 2 * share
        healthy = [task for task in live if task.healthy_at or task.task_arn in now_healthy]
        lost = [task for task in healthy if task.task_arn in stopped]
        assert len(healthy) - len(lost) >= min(share, len(healthy))
    stable = [a for a in plan.actions if isinstance(a, SetStability) and a.stability_status == "STEADY_STATE"]
    for action in stable:
        number = f"ecs-svc/{action.task_set_arn.rsplit('/', 1)[-1]}"
        view = next(v for v in snapshot.task_sets if v.task_set.task_set_id == number)
        running = [t for t in snapshot.tasks if t.live and t.running and t.deployment_id == number]
        assert len(running) == view.task_set.computed_desired_count(snapshot.service.desired_count)
