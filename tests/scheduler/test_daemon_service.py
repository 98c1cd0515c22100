"""DAEMON services: one task on every instance that should have one, and none anywhere else."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.service import Service
from shipway.model.snapshot import ServiceSnapshot
from shipway.scheduler.services import decide_service
from tests.builders import (
    START_MS,
    a_breaker,
    a_container,
    a_fleet,
    a_revision,
    a_service,
    a_service_deployment,
    a_snapshot,
    a_stopped_task,
    a_task,
    an_instance,
    instance_arn,
    revision_arn,
)
from tests.scheduler.world import CountingIds, World

ODD = {"type": "memberOf", "expression": "attribute:side == left"}
SICK = (a_container(has_health_check=True, health_status="UNHEALTHY"),)


def a_daemon(**members: Any) -> Service:
    return a_service(0, scheduling_strategy="DAEMON", **{"minimum": 0, "maximum": 100, **members})


def planned(snapshot: ServiceSnapshot) -> str:
    return decide_service(snapshot, CountingIds()).text().replace("0" * 28, "")


def steady_world(**members: Any) -> World:
    """Three instances, each with its healthy task."""
    world = World(a_daemon(**members.pop("service", {})), **members)
    world.settle()
    world.run()
    world.wait(5_000)
    world.told()
    return world


def changed(world: World, number: int, **members: Any) -> None:
    world.instances = tuple(
        replace(i, **members) if i.container_instance_arn == instance_arn(number) else i
        for i in world.instances
    )


def places(world: World, revision: int | None = None) -> list[int]:
    """The numbers of the instances with a live task."""
    return sorted(int((task.container_instance_arn or "0")[-8:], 16) for task in world.live(revision))


def test_one_task_on_each_active_instance() -> None:
    """Three instances of which one is DRAINING: two tasks, and the deployment's desired count says so."""
    service = a_daemon(service_deployment_arn=a_service_deployment().service_deployment_arn)
    snapshot = a_snapshot(
        service,
        revisions=(a_revision(),),
        service_deployments=(a_service_deployment(status="PENDING"),),
        fleet=a_fleet(an_instance(1), an_instance(2, status="DRAINING"), an_instance(3)),
    )
    assert planned(snapshot) == "\n".join(
        [
            "begin d00000000000000000001: ecs-svc/1 is to be rolled out.",
            "start 0001 of web:1 on 0001: 2 tasks of ecs-svc/1 are wanted, 0 are live.",
            "start 0002 of web:1 on 0003: 2 tasks of ecs-svc/1 are wanted, 0 are live.",
            "event (service web) has started 2 tasks: (task 0001) (task 0002).: Tasks were started.",
            "deployment 1 desired 2: It was 0.",
        ]
    )


def test_completes_and_is_steady_with_a_task_everywhere() -> None:
    """The deployment completes like any other; the desired count is never written to the service."""
    world = World(a_daemon())
    world.settle()
    world.run()
    world.wait(5_000)
    assert world.told()[1:] == [
        "(deployment ecs-svc/1) deployment completed.",
        "has reached a steady state.",
    ]
    assert (world.service.desired_count, world.revision(1).desired_count) == (0, 3)
    assert all(task.daemon for task in world.live())


def test_an_instance_that_joins_gets_its_task() -> None:
    """And the task of one that was taken away is not made up for elsewhere."""
    world = steady_world()
    world.instances = (*world.instances, an_instance(4))
    world.settle()
    assert world.told() == ["has started 1 tasks: (task 4)."]
    world.run()
    world.wait(5_000)
    assert world.told() == ["has reached a steady state."]
    lost = world.live()[0]
    changed(world, 1, status="INACTIVE")
    world.end(lost, "UserInitiated")
    world.settle()
    assert (places(world), world.told()) == ([2, 3, 4], [])
    assert world.service.steady_at is not None


def test_without_instances_there_is_nothing_to_wait_for() -> None:
    """A deployment into an empty cluster completes at once."""
    world = World(a_daemon(), instances=())
    world.instances = (an_instance(1, status="DRAINING"),)
    world.settle()
    assert world.told() == ["(deployment ecs-svc/1) deployment completed.", "has reached a steady state."]


def test_update_stops_first_and_then_starts() -> None:
    """With the default minimum of 0 all old tasks go; each new one starts when its predecessor is gone."""
    world = steady_world()
    world.update()
    world.settle()
    assert world.told() == ["has stopped 3 running tasks: (task 1) (task 2) (task 3)."]
    world.end_stopping()
    world.settle()
    assert world.told() == ["has started 3 tasks: (task 4) (task 5) (task 6)."]
    world.run()
    world.wait(5_000)
    assert world.told() == ["(deployment ecs-svc/2) deployment completed.", "has reached a steady state."]
    assert places(world, 2) == [1, 2, 3]


def test_update_keeps_the_minimum_of_the_instances() -> None:
    """50 percent of three instances are two: one task is replaced at a time."""
    world = steady_world(service={"minimum": 50})
    world.update()
    for _ in range(3):
        world.settle()
        assert world.told()[-1].startswith("has stopped 1 running tasks")
        world.end_stopping()
        world.settle()
        world.run()
        world.wait(5_000)
    assert world.revision(2).rollout_state == "COMPLETED"


def test_a_minimum_that_allows_nothing_is_told() -> None:
    """One instance and a minimum above 0: the task may never go, and the service says so."""
    world = steady_world(service={"minimum": 50}, instances=(an_instance(1),))
    world.update()
    world.settle()
    assert world.told() == [
        "was unable to stop or start tasks during a deployment because of the service deployment"
        " configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
    ]


def test_daemons_of_a_draining_instance_go_last() -> None:
    """The task stays as long as another task is there; other daemons do not count, or none would ever go."""
    world = steady_world()
    other = a_task(90, instance=1, service_arn=None, deployment_id=None, group="family:job")
    second = a_task(91, instance=1, daemon=True, service_arn=None, deployment_id=None, group="service:log")
    changed(world, 1, status="DRAINING")
    beside = (*world.tasks.values(), other, second)
    snapshot = replace(world.snapshot(), fleet=a_fleet(*world.instances, tasks=beside))
    assert "stop" not in decide_service(snapshot, CountingIds()).text()
    alone = replace(world.snapshot(), fleet=a_fleet(*world.instances, tasks=beside[:3] + beside[4:]))
    assert planned(alone).split("\n")[0] == (
        "stop 0001 (ServiceSchedulerInitiated: Scaling activity initiated by (deployment ecs-svc/1)):"
        " Its container instance is DRAINING, and no other task is left there."
    )


def test_a_protected_daemon_stays_on_its_draining_instance() -> None:
    """Until its protection is over, and the pass wakes up for that."""
    world = steady_world()
    until = world.now_ms + 60_000
    task = world.live()[0]
    world.report(task, protected_until=until)
    changed(world, 1, status="DRAINING")
    plan = decide_service(world.snapshot(), CountingIds())
    assert "stop" not in plan.text() and plan.wake_at == until
    world.wait(60_000)
    assert world.told() == ["has stopped 1 running tasks: (task 1)."]


def test_draining_ends_the_steady_state_until_its_task_is_gone() -> None:
    """The instance leaves the desired count at once, its task later."""
    world = steady_world()
    changed(world, 2, status="DRAINING")
    world.settle()
    assert (world.revision(1).desired_count, world.service.steady_at) == (2, None)
    assert world.told() == ["has stopped 1 running tasks: (task 2)."]
    world.end_stopping()
    world.settle()
    assert world.told() == ["has reached a steady state."]
    changed(world, 2, status="ACTIVE")
    world.settle()
    assert places(world) == [1, 2, 3]


def test_constraints_hold_for_running_tasks_too() -> None:
    """An instance that loses the attribute loses its task; one that gains it gets one."""
    left = {"side": "left"}
    instances = (an_instance(1, custom_attributes=left), an_instance(2))
    world = steady_world(service={"placement_constraints": (ODD,)}, instances=instances)
    assert places(world) == [1]
    changed(world, 1, custom_attributes={})
    changed(world, 2, custom_attributes=left)
    world.settle()
    assert places(world) == [2]
    assert "does not meet the placement constraints" in planned(
        replace(
            a_snapshot(a_daemon(placement_constraints=(ODD,)), a_task(1)),
            fleet=a_fleet(an_instance(1), tasks=(a_task(1),)),
        )
    )


def test_distinct_instance_is_what_it_is_anyway() -> None:
    """The service's own task on an instance does not make the instance unfit for it."""
    world = steady_world(service={"placement_constraints": ({"type": "distinctInstance"},)})
    assert places(world) == [1, 2, 3]
    assert world.service.steady_at is not None


def test_a_full_instance_is_told_and_holds_nobody_up() -> None:
    """The others get their tasks; the event names the instance that has no room."""
    world = World(a_daemon(), instances=(an_instance(1, memory=64), an_instance(2)))
    world.settle()
    assert places(world) == [2]
    assert world.told()[1].startswith(
        "was unable to place a task because no container instance met all of its requirements."
        " The closest matching (container-instance 00000000000000000000000000000001) has insufficient memory"
    )


def test_an_instance_without_agent_keeps_its_place_only_with_a_task() -> None:
    """A lost agent does not stop its task; an instance that never came back is not waited for."""
    world = steady_world()
    changed(world, 1, agent_connected=False)
    world.settle()
    assert (places(world), world.revision(1).desired_count) == ([1, 2, 3], 3)
    world.crash(world.live()[0])
    world.settle()
    assert (places(world), world.revision(1).desired_count) == ([2, 3], 2)
    changed(world, 1, agent_connected=True)
    world.wait(60_000)
    assert places(world) == [1, 2, 3]


def test_an_unhealthy_task_is_replaced_when_it_is_gone() -> None:
    """Stop first holds for replacements too, and the event counts them."""
    world = steady_world(instances=(an_instance(1),))
    world.report(world.live()[0], containers=SICK)
    world.settle()
    assert world.told() == [
        "(task 1) failed container health checks.",
        "has stopped 1 running tasks: (task 1).",
    ]
    world.end_stopping()
    world.settle()
    assert world.told() == [
        "has started 1 tasks: (task 2). Amazon ECS replaced 1 tasks due to an unhealthy status."
    ]


def test_each_instance_backs_off_by_itself() -> None:
    """Where it keeps failing it pauses; an instance that joins meanwhile gets its task at once."""
    failed = [a_stopped_task(number, at=START_MS + 60_000) for number in (1, 2, 3)]
    fleet = a_fleet(an_instance(1), an_instance(2))
    snapshot = a_snapshot(a_daemon(), *failed, fleet=fleet, now_ms=START_MS + 60_500)
    plan = decide_service(snapshot, CountingIds())
    assert "on 0002" in planned(snapshot) and "on 0001" not in planned(snapshot)
    assert plan.wake_at == START_MS + 61_000
    assert "is unable to consistently start tasks successfully." in plan.text()


def test_circuit_breaker_rolls_back() -> None:
    """Three failures of the new revision: the old one is PRIMARY again and back on every instance."""
    world = steady_world(service={"breaker": a_breaker()})
    world.update()
    world.settle()
    world.end_stopping()
    world.settle()
    for task in world.live(2):
        world.fail_to_start(task)
    world.settle()
    assert "rolling back to deployment ecs-svc/1." in world.told()
    world.run()
    world.wait(5_000)
    assert places(world, 1) == [1, 2, 3]
    assert (world.deployment(2).status, world.service.revision_arn) == (
        "ROLLBACK_SUCCESSFUL",
        revision_arn(1),
    )


def test_failed_without_rollback_restores_what_it_took_away() -> None:
    """Instances that lost their old task to the failed deployment get it back; new ones wait for a mend."""
    world = steady_world(service={"breaker": a_breaker(rollback=False), "minimum": 50})
    world.update()
    world.settle()
    world.end_stopping()
    while world.revision(2).rollout_state != "FAILED":
        world.settle()
        for task in world.live(2):
            world.fail_to_start(task)
        world.wait(60_000)
    assert places(world) == [2, 3]
    world.crash(world.live(1)[0])
    world.instances = (*world.instances, an_instance(4))
    world.wait(60_000)
    assert (places(world), places(world, 1)) == ([2, 3], [2, 3])


def test_two_tasks_on_one_instance_are_one_too_many() -> None:
    """However it came about, the healthy one stays."""
    tasks = (a_task(1, healthy_at=None, started_at=START_MS + 59_000), a_task(2))
    lines = planned(a_snapshot(a_daemon(), *tasks, fleet=a_fleet(an_instance(1), tasks=tasks))).split("\n")
    assert [line.split(" (")[0] for line in lines if "stop" in line][:1] == ["stop 0001"]


def test_delete_stops_every_task() -> None:
    """A deleted service winds down like any other."""
    world = steady_world()
    world.service = replace(world.service, status="DRAINING")
    world.settle()
    assert world.live() == []
