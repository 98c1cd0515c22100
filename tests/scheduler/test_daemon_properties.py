"""DAEMON services, whatever happens: never two tasks on an instance, the minimum kept, rest at the end."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.snapshot import ServiceSnapshot
from shipway.model.task import Container, Task
from shipway.scheduler.services import decide_service
from tests.builders import (
    START_MS,
    a_breaker,
    a_fleet,
    a_revision,
    a_snapshot,
    a_task,
    an_instance,
    instance_arn,
    revision_arn,
)
from tests.scheduler.test_daemon_service import a_daemon, changed, places
from tests.scheduler.world import CountingIds, World, check_safety

HAPPENINGS = ("run", "crash", "fail", "stopped", "update", "drain", "undrain", "join", "away", "back", "sick")


@given(
    st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(1, 4)), min_size=5, max_size=40),
    st.sampled_from((0, 34, 50, 90)),
)
def test_whatever_happens_there_is_never_a_second_task(happenings: list[tuple[str, int]], least: int) -> None:
    """Every plan is held to the rules; at the end every active instance has one task of the newest kind."""
    world = World(a_daemon(minimum=least))
    for happening, number in happenings:
        world.settle()
        befall(world, happening, number)
    for instance in world.instances:
        changed(world, int(instance.instance_id, 16), status="ACTIVE", agent_connected=True)
    for _ in range(60):
        world.wait(60_000)
        world.run()
        world.end_stopping()
    if "deployment configuration: " in world.service.told_at:
        assert least > 0
        return
    assert world.service.steady_at is not None, world.told()
    assert places(world) == places(world, world.updates) == list(range(1, len(world.instances) + 1))


def befall(world: World, happening: str, number: int) -> None:
    here = [task for task in world.live() if task.container_instance_arn == instance_arn(number)]
    match happening:
        case "run":
            world.run()
        case "crash" if here:
            world.crash(here[0])
        case "fail" if here and here[0].pending:
            world.fail_to_start(here[0])
        case "stopped":
            world.end_stopping()
        case "update":
            world.update()
        case "drain":
            changed(world, number, status="DRAINING")
        case "undrain":
            changed(world, number, status="ACTIVE")
        case "join" if len(world.instances) == number - 1:
            world.instances = (*world.instances, an_instance(number))
        case "away" | "back":
            changed(world, number, agent_connected=happening == "back")
        case "sick" if here and here[0].running:
            world.report(here[0], containers=tuple(unwell(container) for container in here[0].containers))
        case _:
            world.wait(6_000)


def unwell(container: Container) -> Container:
    return replace(container, has_health_check=True, health_status="UNHEALTHY")


STATUSES = ("PENDING", "RUNNING", "RUNNING", "DEACTIVATING", "STOPPING", "STOPPED")


@st.composite
def tasks_of(draw: st.DrawFn, instance: int) -> tuple[Task, ...]:
    """Some that are over, and at most one that is not."""
    numbers = range(10 * instance, 10 * instance + draw(st.integers(0, 2)))
    over = [a_task(number, instance=instance, **stopped(draw)) for number in numbers]
    status = draw(st.sampled_from(STATUSES))
    if status == "STOPPED":
        return tuple(over)
    last = a_task(
        10 * instance + 9,
        last_status=status,
        desired_status="RUNNING" if status in ("PENDING", "RUNNING") else "STOPPED",
        revision=draw(st.integers(1, 3)),
        instance=instance,
        daemon=True,
        healthy_at=draw(st.sampled_from((None, START_MS))) if status == "RUNNING" else None,
        protected_until=draw(st.sampled_from((None, None, START_MS + 90_000))),
    )
    return (*over, last)


def stopped(draw: st.DrawFn) -> dict[str, Any]:
    codes = st.sampled_from(("TaskFailedToStart", "EssentialContainerExited", "UserInitiated"))
    return {
        "last_status": "STOPPED",
        "stopped_at": START_MS + draw(st.integers(0, 60_000)),
        "stop_code": draw(codes),
        "revision": draw(st.integers(1, 3)),
        "daemon": True,
    }


@st.composite
def snapshots(draw: st.DrawFn) -> ServiceSnapshot:
    tasks = tuple(task for instance in (1, 2, 3) for task in draw(tasks_of(instance)))
    instances = tuple(
        an_instance(
            number,
            status=draw(st.sampled_from(("ACTIVE", "ACTIVE", "DRAINING", "INACTIVE"))),
            agent_connected=draw(st.sampled_from((True, True, False))),
        )
        for number in (1, 2, 3)
    )
    states = st.sampled_from(("IN_PROGRESS", "COMPLETED", "FAILED"))
    return a_snapshot(
        a_daemon(minimum=draw(st.integers(0, 99)), breaker=a_breaker(), revision_arn=revision_arn(3)),
        *tasks,
        revisions=tuple(
            a_revision(number, rollout_state=draw(states), completed_at=START_MS) for number in (3, 2, 1)
        ),
        fleet=a_fleet(*instances, tasks=tasks),
    )


@given(snapshots())
def test_every_plan_is_safe(snapshot: ServiceSnapshot) -> None:
    """One task an instance, the minimum kept, nothing on instances that should have none; twice the same."""
    plan = decide_service(snapshot, CountingIds())
    check_safety(snapshot, plan)
    assert plan.text() == decide_service(snapshot, CountingIds()).text()
