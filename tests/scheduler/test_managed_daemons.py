"""Managed daemons: one task on each instance of their capacity providers, before all others there."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model.actions import Plan
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeploymentConfiguration
from shipway.model.service import DeploymentAlarms
from shipway.model.task import Task
from shipway.scheduler.managed_daemon import decide_managed_daemon
from tests.builders import an_instance, instance_arn
from tests.scheduler.daemon_world import DAEMON, DaemonWorld, a_machine, an_own_task
from tests.scheduler.world import CountingIds


def planned(world: DaemonWorld) -> list[str]:
    plan: Plan = decide_managed_daemon(world.snapshot(), CountingIds())
    return plan.text().replace("0" * 28, "").split("\n")


def running(world: DaemonWorld, revision: int | None = None) -> list[int]:
    return sorted(number for number, task in world.live(revision).items() if task.running)


def deployed(world: DaemonWorld) -> DaemonWorld:
    world.rolled_out()
    assert world.deployment(world.updates).status == "SUCCESSFUL"
    return world


def test_first_pass_holds_a_batch() -> None:
    """A quarter of the instances at a time, one at least: it drains before the daemon's task starts there."""
    world = DaemonWorld()
    assert planned(world) == [
        "begin d1: log is to be rolled out.",
        "hold 0001: log is rolled out to a batch of 1.",
    ]
    world.step()
    assert world.statuses() == ["DRAINING", "ACTIVE", "ACTIVE"]
    assert planned(world) == ["start 0001 of log:1 on 0001: Its instance is to have one."]


def test_the_task_is_the_daemons_own() -> None:
    """Its group, its launch type, its capacity provider; it counts as a daemon's for whoever asks."""
    world = deployed(DaemonWorld(a_machine(1)))
    task = world.live()[1]
    assert (task.group, task.launch_type, task.capacity_provider_name) == (
        "daemon:log",
        "MANAGED_INSTANCES",
        "machines",
    )
    assert (task.daemon, task.daemon_arn, task.service_arn, task.started_by) == (
        True,
        DAEMON,
        None,
        "ecs-daemon/1",
    )


def test_rolled_out_batch_by_batch() -> None:
    """Every instance of the provider gets its task and serves again; others are none of its business."""
    world = DaemonWorld(*(a_machine(number) for number in (1, 2, 3)), an_instance(4))
    world.settle()
    assert (world.statuses()[:3], sorted(world.live())) == (["DRAINING", "ACTIVE", "ACTIVE"], [1])
    world.run()
    assert (world.statuses()[:3], sorted(world.live())) == (["ACTIVE", "DRAINING", "ACTIVE"], [1, 2])
    deployed(world)
    assert (running(world), world.statuses()) == ([1, 2, 3], ["ACTIVE"] * 4)


def test_the_drain_percentage_is_the_size_of_a_batch() -> None:
    """50 percent of four instances are two, 100 percent are all of them."""
    for percent, size in ((50.0, 2), (100.0, 4), (0.0, 1)):
        configuration = DaemonDeploymentConfiguration(drain_percent=percent)
        world = DaemonWorld(*(a_machine(n) for n in (1, 2, 3, 4)), configuration=configuration)
        world.settle()
        assert world.statuses().count("DRAINING") == size


def test_without_instances_it_is_deployed_at_once() -> None:
    """Daemons start no machines."""
    assert deployed(DaemonWorld(an_instance(1))).live() == {}


def test_others_leave_before_the_daemon_starts() -> None:
    """The instance drains; what stays longer than two minutes is no longer waited for."""
    world = DaemonWorld(a_machine(1))
    other = an_own_task(1, 1)
    world.tx.put(other)
    world.settle()
    assert (world.statuses(), world.live(), world.last_plan.watches_fleet) == (["DRAINING"], {}, True)
    world.wait(119_999)
    assert world.live() == {}
    world.wait(1)
    assert sorted(world.live()) == [1]


def test_others_that_have_left_are_not_waited_for() -> None:
    """The last one to stop makes way."""
    world = DaemonWorld(a_machine(1))
    other = an_own_task(1, 1)
    world.tx.put(other)
    world.settle()
    world.tx.put(replace(other, last_status="STOPPED", desired_status="STOPPED"))
    world.settle()
    assert sorted(world.live()) == [1]


def test_update_replaces_the_task_last() -> None:
    """The old task watches over the others until they are gone; then the new one takes its place."""
    world = deployed(DaemonWorld(a_machine(1)))
    other = an_own_task(1, 1)
    world.tx.put(other)
    world.update()
    world.settle()
    assert (world.statuses(), running(world, 1)) == (["DRAINING"], [1])
    world.tx.put(replace(other, last_status="STOPPED", desired_status="STOPPED"))
    assert (
        planned(world)
        == [
            "stop 0002 (ServiceSchedulerInitiated: Task stopped by the daemon (deployment ecs-daemon/1)):"
            " It is to be replaced, and the others have left."
        ]
        or len(planned(world)) == 1
    )
    deployed(world)
    assert (running(world, 2), world.statuses()) == ([1], ["ACTIVE"])


def test_an_instance_that_registers_serves_when_its_daemon_runs() -> None:
    """Held from the beginning, outside of any batch; nobody else can be placed before."""
    world = deployed(DaemonWorld())
    world.tx.put(a_machine(4, status="REGISTERING", held_by=(DAEMON,)))
    world.settle()
    assert (sorted(world.live()), world.statuses()[3]) == ([1, 2, 3, 4], "REGISTERING")
    world.run()
    assert world.statuses()[3] == "ACTIVE"


def test_an_instance_that_registers_is_held_until_its_agent_is_there() -> None:
    """It registers a moment before its agent connects; released then, it would serve without the daemon."""
    world = deployed(DaemonWorld())
    world.tx.put(a_machine(4, status="REGISTERING", held_by=(DAEMON,), agent_connected=False))
    world.settle()
    assert world.statuses()[3] == "REGISTERING"
    world.tx.put(a_machine(4, status="REGISTERING", held_by=(DAEMON,)))
    world.settle()
    assert sorted(world.live()) == [1, 2, 3, 4]


def test_a_critical_daemon_takes_its_instance_along() -> None:
    """Its task ends: the instance drains at once, and serves again when the next task is healthy."""
    world = deployed(DaemonWorld())
    world.fail(2)
    assert planned(world) == ["hold 0002: Its daemon task ended."]
    world.settle()
    assert world.statuses() == ["ACTIVE", "DRAINING", "ACTIVE"]
    world.run()
    assert (running(world), world.statuses()) == ([1, 2, 3], ["ACTIVE"] * 3)


def test_an_unhealthy_critical_daemon_goes_when_the_others_have() -> None:
    """Its health check failed: the instance drains, then the task is replaced."""
    world = deployed(DaemonWorld())
    world.sicken(1)
    assert planned(world)[-1] == "hold 0001: Its daemon task is unhealthy."
    world.settle()
    assert world.live().get(1) is None
    assert (world.statuses()[0], world.state.all(Task)[0].stopped_reason) == (
        "DRAINING",
        "Task failed container health checks",
    )
    world.run()
    world.run()
    assert (running(world), world.statuses()) == ([1, 2, 3], ["ACTIVE"] * 3)


def test_a_daemon_that_is_not_critical_leaves_the_others_alone() -> None:
    """Its task ends: the instance goes on serving, and the task is started again beside the others."""
    world = deployed(DaemonWorld(critical=False))
    world.tx.put(an_own_task(1, 1))
    world.fail(1)
    world.settle()
    assert (sorted(world.live()), world.statuses()) == ([1, 2, 3], ["ACTIVE"] * 3)
    world.tx.put(a_machine(4))
    world.settle()
    assert 4 in world.live(), "an instance that joins is not held for it"


def test_bake_time_is_waited_after_each_batch() -> None:
    """A minute after the first instance is back, the second goes; a minute after the last it is over."""
    configuration = DaemonDeploymentConfiguration(bake_time_ms=60_000)
    world = DaemonWorld(a_machine(1), a_machine(2), configuration=configuration)
    world.run()
    assert world.statuses() == ["ACTIVE", "ACTIVE"]
    world.wait(59_999)
    assert world.statuses() == ["ACTIVE", "ACTIVE"]
    world.wait(1)
    assert world.statuses() == ["ACTIVE", "DRAINING"]
    world.run()
    assert world.deployment(1).status == "IN_PROGRESS"
    world.wait(60_000)
    assert world.deployment(1).status == "SUCCESSFUL"


def test_circuit_breaker_rolls_back() -> None:
    """The third failure: the revision before runs everywhere again."""
    world = deployed(DaemonWorld())
    world.update()
    for _ in range(4):
        world.run(broken=2)
    deployment = world.deployment(2)
    assert (deployment.status, deployment.failure_count, deployment.circuit_breaker_status) == (
        "ROLLBACK_IN_PROGRESS",
        3,
        "TRIGGERED",
    )
    assert deployment.rollback_reason == (
        "Daemon deployment rolled back because the circuit breaker threshold was exceeded."
    )
    world.rolled_out()
    assert world.deployment(2).status == "ROLLBACK_SUCCESSFUL"
    assert (running(world, 1), world.statuses()) == ([1, 2, 3], ["ACTIVE"] * 3)


def test_a_first_deployment_that_fails_is_stopped() -> None:
    """There is nothing to go back to: the deployment is over, and the task is tried on with pauses."""
    world = DaemonWorld(a_machine(1))
    for _ in range(3):
        world.run(broken=1)
    deployment = world.deployment(1)
    assert (deployment.status, deployment.status_reason) == (
        "STOPPED",
        "Daemon deployment stopped because the circuit breaker threshold was exceeded."
        " No rollback candidate was found to run the rollback.",
    )
    world.wait(10_000)
    assert sorted(world.live()) == [1]


def test_an_alarm_rolls_back() -> None:
    """One that goes to ALARM while it is rolled out; what was in ALARM before is ignored."""
    alarms = DeploymentAlarms(enable=True, rollback=True, names=("old", "new"))
    world = DaemonWorld(configuration=DaemonDeploymentConfiguration(alarms=alarms))
    world.alarms = {"old": "ALARM"}
    deployed(world)
    world.update()
    world.settle()
    assert world.deployment(2).alarms_status == "MONITORING"
    world.alarms = {"old": "ALARM", "new": "ALARM"}
    world.settle()
    assert (world.deployment(2).status, world.deployment(2).alarms_triggered) == (
        "ROLLBACK_IN_PROGRESS",
        ("new",),
    )
    world.rolled_out()
    assert world.deployment(2).status == "ROLLBACK_SUCCESSFUL"


def test_a_newer_deployment_stops_the_one_before() -> None:
    """Wherever the older one had come, the newer one goes everywhere."""
    world = deployed(DaemonWorld())
    world.update()
    world.run()
    world.update()
    world.settle()
    assert world.deployment(2).status == "STOPPED"
    deployed(world)
    assert running(world, 3) == [1, 2, 3]


def test_deletion_drains_and_leaves_nothing() -> None:
    """Batch by batch the tasks go, the instances serve on; then the daemon is forgotten."""
    world = deployed(DaemonWorld())
    world.deploy(None)
    world.settle()
    assert world.statuses() == ["DRAINING", "ACTIVE", "ACTIVE"]
    world.rolled_out()
    assert (world.live(), world.statuses()) == ({}, ["ACTIVE"] * 3)
    assert world.state.get(Daemon, DAEMON) is None
    assert world.deployment(2).status == "SUCCESSFUL"


def test_an_instance_that_a_user_drains_is_left_to_the_user() -> None:
    """Its task goes last and does not come back; a roll-out does not wait for it."""
    world = deployed(DaemonWorld())
    world.tx.put(an_own_task(1, 2))
    world.change(2, status="DRAINING")
    world.update()
    deployed(world)
    assert (running(world, 1), running(world, 2)) == ([2], [1, 3])
    world.tx.put(replace(an_own_task(1, 2), last_status="STOPPED", desired_status="STOPPED"))
    world.rolled_out()
    assert (running(world), world.statuses()[1]) == ([1, 3], "DRAINING")
    world.change(2, status="ACTIVE")
    world.rolled_out()
    assert running(world, 2) == [1, 2, 3]


def test_a_roll_out_does_not_wait_for_an_agent_that_is_away() -> None:
    """It is over without that instance, which is caught up with when its agent is back."""
    world = deployed(DaemonWorld())
    world.change(2, agent_connected=False)
    world.update()
    deployed(world)
    assert running(world, 2) == [1, 3]
    world.change(2, agent_connected=True)
    world.rolled_out()
    assert running(world, 2) == [1, 2, 3]


def test_two_daemons_hold_an_instance_each_for_itself() -> None:
    """It serves again when the last of them gives it back, and neither waits for the other's task to go."""
    world = deployed(DaemonWorld(a_machine(1)))
    other = "arn:aws:ecs:us-east-1:000000000000:daemon/demo/other"
    world.tx.put(an_own_task(1, 1, daemon=True, daemon_arn=other, group="daemon:other"))
    world.change(1, status="DRAINING", held_by=(other,))
    world.update()
    deployed(world)
    instance = world.state.get(ContainerInstance, instance_arn(1))
    assert instance is not None
    assert (running(world, 2), instance.status, instance.held_by) == ([1], "DRAINING", (other,))
