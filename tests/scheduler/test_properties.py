"""Safety, whatever the snapshot: never above the maximum, never below the minimum by its own doing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.actions import StartTask
from shipway.model.resources import Reservation
from shipway.model.snapshot import Fleet, ServiceSnapshot, TargetView
from shipway.model.task import Container, Task
from shipway.scheduler.filters import Wanted
from shipway.scheduler.placement import place
from shipway.scheduler.services import decide_service
from shipway.seams import SeededIds
from tests.builders import (
    START_MS,
    TARGET_GROUP,
    a_binding,
    a_breaker,
    a_fleet,
    a_revision,
    a_service,
    a_service_deployment,
    a_snapshot,
    a_task,
    a_task_definition,
    an_instance,
    revision_arn,
)
from tests.scheduler.world import World, check_safety

STATUSES = ("PROVISIONING", "PENDING", "RUNNING", "RUNNING", "RUNNING", "DEACTIVATING", "STOPPING", "STOPPED")


@st.composite
def tasks(draw: st.DrawFn, number: int) -> Task:
    status = draw(st.sampled_from(STATUSES))
    members: dict[str, Any] = {"last_status": status, "revision": draw(st.integers(1, 3))}
    if status in ("DEACTIVATING", "STOPPING", "STOPPED") or draw(st.integers(0, 9)) == 0:
        members["desired_status"] = "STOPPED"
    if status == "STOPPED":
        codes = ("TaskFailedToStart", "EssentialContainerExited", "UserInitiated")
        members |= {
            "stopped_at": START_MS + draw(st.integers(0, 60_000)),
            "stop_code": draw(st.sampled_from(codes)),
        }
    if status == "RUNNING":
        members["started_at"] = START_MS + draw(st.integers(0, 60_000))
        members["healthy_at"] = draw(st.sampled_from((None, START_MS)))
    members["protected_until"] = draw(st.sampled_from((None, None, START_MS + 90_000)))
    return a_task(number, instance=draw(st.integers(1, 3)), **members)


@st.composite
def snapshots(draw: st.DrawFn) -> ServiceSnapshot:
    bound = draw(st.booleans())
    members: dict[str, Any] = {"load_balancers": (a_binding(),) if bound else ()}
    states = st.sampled_from(("IN_PROGRESS", "COMPLETED", "FAILED"))
    revisions = tuple(
        a_revision(
            number,
            rollout_state=draw(states),
            completed_at=START_MS,
            desired_count=draw(st.integers(0, 6)),
            **members,
        )
        for number in (3, 2, 1)
    )
    deployment = a_service_deployment(
        3, status=draw(st.sampled_from(("PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED")))
    )
    service = a_service(
        draw(st.integers(0, 6)),
        minimum=draw(st.integers(0, 100)),
        maximum=draw(st.integers(100, 300)),
        breaker=draw(st.sampled_from((a_breaker(), a_breaker(enable=False), a_breaker(rollback=False)))),
        revision_arn=revision_arn(3),
        service_deployment_arn=deployment.service_deployment_arn,
        status=draw(st.sampled_from(("ACTIVE", "ACTIVE", "ACTIVE", "DRAINING"))),
        health_check_grace_period_s=draw(st.sampled_from((0, 30))),
    )
    all_tasks = tuple(draw(tasks(number)) for number in range(1, draw(st.integers(1, 10))))
    instances = tuple(
        an_instance(number, status=draw(st.sampled_from(("ACTIVE", "ACTIVE", "DRAINING"))))
        for number in (1, 2, 3)
    )
    target_states = st.sampled_from(("initial", "healthy", "healthy", "unhealthy", "draining"))
    return a_snapshot(
        service,
        *all_tasks,
        revisions=revisions,
        service_deployments=(deployment,),
        fleet=a_fleet(*instances, tasks=all_tasks),
        targets={
            task.task_arn: (TargetView(TARGET_GROUP, 80, draw(target_states)),)
            for task in all_tasks
            if bound and task.running
        },
    )


@given(snapshots())
def test_every_plan_is_safe(snapshot: ServiceSnapshot) -> None:
    """Counts stay within both limits, nothing starts at desired 0, placement never exceeds what remains."""
    check_safety(snapshot, decide_service(snapshot, SeededIds(7)))


@given(snapshots())
def test_same_snapshot_same_plan(snapshot: ServiceSnapshot) -> None:
    """Time and ids are arguments: nothing else decides."""
    assert decide_service(snapshot, SeededIds(7)).text() == decide_service(snapshot, SeededIds(7)).text()


@given(snapshots())
def test_failed_deployments_start_nothing(snapshot: ServiceSnapshot) -> None:
    """No task is born for a revision whose roll-out failed."""
    failed = {r.deployment_id for r in snapshot.revisions if r.rollout_state == "FAILED"}
    plan = decide_service(snapshot, SeededIds(7))
    born = [action.task for action in plan.actions if isinstance(action, StartTask)]
    assert not [task for task in born if task.deployment_id in failed]


HAPPENINGS = (
    "run",
    "run",
    "crash",
    "fail",
    "stop",
    "update",
    "scale up",
    "scale down",
    "wait",
    "drain",
    "sick",
)


@given(
    st.lists(st.sampled_from(HAPPENINGS), min_size=5, max_size=40),
    st.sampled_from(((100, 200), (50, 100), (0, 100), (50, 150))),
)
def test_a_service_survives_anything_and_then_converges(
    happenings: list[str], limits: tuple[int, int]
) -> None:
    """Whatever happened, once tasks run and stay well the service is steady with its desired count."""
    world = World(a_service(2, minimum=limits[0], maximum=limits[1]))
    for happening in happenings:
        world.settle()
        befall(world, happening)
    world.instances = tuple(replace(instance, status="ACTIVE") for instance in world.instances)
    for _ in range(60):
        world.wait(60_000)
        world.run()
        world.end_stopping()
    if "deployment configuration: " in world.service.told_at:
        assert world.service.desired_count == 1, "with one task these limits allow no move: ECS says so too"
        return
    assert world.service.steady_at is not None, world.told()
    newest = world.updates
    assert len(world.live()) == len(world.live(newest)) == world.service.desired_count


def befall(world: World, happening: str) -> None:
    live = world.live()
    match happening:
        case "run":
            world.run()
        case "crash" if live:
            world.crash(live[0])
        case "fail" if live and live[-1].pending:
            world.fail_to_start(live[-1])
        case "stop":
            world.end_stopping()
        case "update":
            world.update()
        case "scale up":
            world.scale(min(6, world.service.desired_count + 1))
        case "scale down":
            world.scale(max(0, world.service.desired_count - 1))
        case "wait":
            world.wait(6_000)
        case "drain":
            drained = replace(world.instances[0], status="DRAINING")
            world.instances = (drained, *world.instances[1:])
        case "sick" if live and live[0].running:
            containers = tuple(unwell(container) for container in live[0].containers)
            world.report(live[0], containers=containers)
        case _:
            world.wait(1)


def unwell(container: Container) -> Container:
    return replace(container, has_health_check=True, health_status="UNHEALTHY")


@st.composite
def wishes(draw: st.DrawFn) -> Wanted:
    ports = draw(st.sampled_from(((), (80,), (80, 443))))
    return Wanted(
        task_definition=a_task_definition(),
        reservation=Reservation(draw(st.integers(0, 1500)), draw(st.integers(1, 3000)), ports),
        group=draw(st.sampled_from(("service:web", "family:job"))),
        constraints=draw(st.sampled_from(((), ({"type": "distinctInstance"},)))),
        strategies=draw(
            st.sampled_from(((), ({"type": "binpack", "field": "memory"},), ({"type": "random"},)))
        ),
    )


@given(st.lists(wishes(), max_size=12), st.integers(0, 2**32))
def test_placement_never_gives_more_than_remains(wanted: list[Wanted], seed: int) -> None:
    """However many tasks are placed in one pass, no instance is overbooked, no port given twice."""
    fleet: Fleet = a_fleet()
    for wish in wanted:
        before = {view.instance.container_instance_arn: view for view in fleet.instances}
        placement = place(fleet, wish, lambda n: seed % n)
        assert (placement.instance is None) == (len(placement.failures) == len(fleet.instances))
        if placement.instance is not None:
            chosen = before[placement.instance.instance.container_instance_arn]
            assert not set(wish.reservation.ports_tcp) & chosen.remaining.ports_tcp
        fleet = placement.fleet
        assert all(view.remaining.cpu >= 0 and view.remaining.memory >= 0 for view in fleet.instances)


def test_two_replaced_deployments_grow_within_the_limit() -> None:
    """Scaled from 1 to 3 in the midst of a roll-out whose two forerunners are gone: three come, not four."""
    revisions = tuple(
        a_revision(number, rollout_state=state, desired_count=1)
        for number, state in ((3, "IN_PROGRESS"), (2, "COMPLETED"), (1, "COMPLETED"))
    )
    deployment = a_service_deployment(3)
    service = a_service(
        3,
        minimum=0,
        maximum=100,
        revision_arn=revision_arn(3),
        service_deployment_arn=deployment.service_deployment_arn,
    )
    snapshot = a_snapshot(
        service,
        revisions=revisions,
        service_deployments=(deployment,),
        fleet=a_fleet(*(an_instance(number) for number in (1, 2, 3))),
    )
    plan = decide_service(snapshot, SeededIds(7))
    check_safety(snapshot, plan)
    assert sum(isinstance(action, StartTask) for action in plan.actions) == 3
