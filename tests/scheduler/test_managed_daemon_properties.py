"""Managed daemons, whatever happens: every plan keeps to the rules, every instance ends with its task."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonDeploymentConfiguration
from shipway.model.task import Task
from tests.builders import instance_arn
from tests.scheduler.daemon_world import DAEMON, DaemonWorld, a_machine, an_own_task

HAPPENINGS = (
    "run",
    "run",
    "run",
    "broken",
    "fail",
    "sicken",
    "update",
    "join",
    "drain",
    "undrain",
    "away",
    "back",
    "come",
    "go",
    "gone",
    "wait",
)


@given(
    st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(1, 5)), min_size=3, max_size=30),
    st.booleans(),
    st.sampled_from((0.0, 25.0, 50.0, 100.0)),
)
def test_every_instance_ends_with_its_task(
    happenings: list[tuple[str, int]], critical: bool, percent: float
) -> None:
    """Held to the rules all along; when nothing befalls it any more, all is in service and rolled out."""
    configuration = DaemonDeploymentConfiguration(drain_percent=percent)
    world = DaemonWorld(critical=critical, configuration=configuration)
    for what, number in happenings:
        world.settle()
        befall(world, what, number)
    for instance in world.state.all(ContainerInstance):
        if instance.status != "INACTIVE":
            befall(world, "undrain", int(instance.instance_id, 16))
            befall(world, "back", int(instance.instance_id, 16))
    for _ in range(30):
        world.run()
        world.wait(200_000)
    there = [i for i in world.state.all(ContainerInstance) if i.status != "INACTIVE"]
    assert [instance.status for instance in there] == ["ACTIVE"] * len(there)
    assert sorted(world.live()) == [int(instance.instance_id, 16) for instance in there]
    daemon = world.state.get(Daemon, DAEMON)
    assert daemon is not None
    wanted = int(daemon.revision_arn.rsplit("/", 1)[-1])
    assert sorted(world.live(wanted)) == sorted(world.live())
    assert not any(deployment.in_progress for deployment in world.state.all(DaemonDeployment))


@given(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(1, 4)), max_size=15), st.booleans())
def test_deletion_comes_to_its_end(happenings: list[tuple[str, int]], critical: bool) -> None:
    """Whatever came before, no task is left and nobody holds an instance: once nobody drains one whose own
    tasks do not end, for there the daemon's is the last to go.
    """
    world = DaemonWorld(critical=critical)
    for what, number in happenings:
        world.settle()
        befall(world, what, number)
    world.deploy(None)
    for instance in world.state.all(ContainerInstance):
        befall(world, "undrain", int(instance.instance_id, 16))
        befall(world, "back", int(instance.instance_id, 16))
    for _ in range(30):
        if world.state.get(Daemon, DAEMON) is not None:
            world.run()
            world.wait(200_000)
    assert world.state.get(Daemon, DAEMON) is None
    assert not any(instance.held_by for instance in world.state.all(ContainerInstance))


def befall(world: DaemonWorld, what: str, number: int) -> None:
    task = world.live().get(number)
    match what:
        case "run":
            world.run()
        case "broken":
            world.run(broken=world.updates)
        case "fail" if task:
            world.fail(number)
        case "sicken" if task and task.running:
            world.sicken(number)
        case "update":
            world.update()
        case "go":
            end_tasks(world, [task for task in world.state.all(Task) if task.daemon_arn is None])
        case "wait":
            world.wait(60_000)
        case _:
            befall_instance(world, what, number)


def befall_instance(world: DaemonWorld, what: str, number: int) -> None:
    instance = world.state.get(ContainerInstance, instance_arn(number))
    if instance is None:
        if what == "join" and world.state.get(ContainerInstance, instance_arn(number - 1)):
            held = {"status": "REGISTERING", "held_by": (DAEMON,)}
            world.tx.put(a_machine(number, **(held if world.revision_members["critical"] else {})))
        return
    match what:
        case "drain" | "undrain" if instance.status in ("ACTIVE", "DRAINING"):
            world.change(number, status="DRAINING" if what == "drain" else "ACTIVE", held_by=())
        case "away" | "back":
            world.change(number, agent_connected=what == "back")
        case "come" if instance.status == "ACTIVE":
            task = an_own_task(number, number)
            if world.state.get(Task, task.task_arn) is None:
                world.tx.put(task)
        case "gone" if number > 3:
            end_tasks(world, world.state.by(Task, "container_instance_arn", instance_arn(number)))
            world.change(number, status="INACTIVE")
        case _:
            world.wait(1)


def end_tasks(world: DaemonWorld, tasks: list[Task]) -> None:
    for task in tasks:
        over = {"last_status": "STOPPED", "desired_status": "STOPPED", "stop_code": "UserInitiated"}
        world.tx.put(replace(task, **over, stopped_at=world.now_ms))
