"""Container instances that are DRAINING: what services do about the tasks they have there."""

from __future__ import annotations

from msgspec.structs import replace

from tests.builders import a_fleet, a_service, a_snapshot, a_task, an_instance, instance_arn
from tests.scheduler.test_services import planned
from tests.scheduler.world import World


def steady_world(desired_count: int, minimum: int, maximum: int) -> World:
    """A steady service over three instances."""
    world = World(a_service(desired_count, minimum=minimum, maximum=maximum))
    world.settle()
    world.run()
    world.wait(5_000)
    assert world.service.steady_at is not None
    world.told()
    return world


def drain(world: World, *numbers: int, status: str = "DRAINING") -> None:
    arns = {instance_arn(number) for number in numbers}
    world.instances = tuple(
        replace(instance, status=status) if instance.container_instance_arn in arns else instance
        for instance in world.instances
    )


def on(world: World, number: int) -> int:
    return sum(task.container_instance_arn == instance_arn(number) for task in world.live())


def proceed(world: World) -> None:
    """Everything that was told to start runs and is healthy, everything that was told to stop has stopped."""
    world.run()
    world.wait(5_000)
    world.end_stopping()
    world.settle()


def test_pending_tasks_go_at_once() -> None:
    """A task that does not run yet counts for no lower limit: it is stopped in the very first pass."""
    world = World(a_service(3, minimum=100, maximum=200))
    world.settle()
    drain(world, 1)
    world.settle()
    stopped, started = world.told()[-2:]
    assert stopped.startswith("stopped 1 pending tasks") and started.startswith("has started 1 tasks")
    assert on(world, 1) == 0


def test_running_tasks_are_replaced_within_the_limits() -> None:
    """50/100: half may go first; never below the minimum (the world checks every plan), steady at the end."""
    world = steady_world(6, 50, 100)
    drain(world, 1)
    world.settle()
    assert on(world, 1) == 0
    assert world.told()[0].startswith("has stopped 2 running tasks")
    world.end_stopping()
    for _ in range(3):
        proceed(world)
    assert (len(world.live()), on(world, 1)) == (6, 0)
    assert world.service.steady_at is not None


def test_both_limits_at_a_hundred_never_drain() -> None:
    """ECS says why in an event, once, and leaves the tasks where they are; nor is the service steady."""
    world = steady_world(3, 100, 100)
    drain(world, 1)
    for _ in range(5):
        proceed(world)
    assert on(world, 1) == 1
    assert [message for message in world.told() if "deployment configuration" in message] == [
        "was unable to stop or start tasks during a deployment because of the service deployment"
        " configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
    ]
    assert world.service.steady_at is None


def test_back_to_active_ends_the_draining() -> None:
    """Tasks that are still there stay, and what was started in their place is one too many."""
    world = steady_world(3, 100, 200)
    drain(world, 1)
    world.settle()
    assert len(world.live()) == 4
    drain(world, 1, status="ACTIVE")
    for _ in range(3):
        proceed(world)
    assert len(world.live()) == 3
    assert world.service.steady_at is not None


def test_a_whole_fleet_that_drains_keeps_its_tasks() -> None:
    """There is nowhere to go, so nothing goes: the service says that it cannot place a task."""
    world = steady_world(3, 100, 200)
    drain(world, 1, 2, 3)
    for _ in range(3):
        proceed(world)
    assert len(world.live()) == 3
    (told,) = world.told()
    assert "No Container Instances were found in your cluster." in told


def test_a_drained_instance_whose_agent_is_away_is_waited_for() -> None:
    """Its task is told to stop once it is replaced; that it has stopped only its agent can say."""
    draining = an_instance(1, status="DRAINING", agent_connected=False)
    tasks = (a_task(1), a_task(2, instance=2))
    fleet = a_fleet(draining, an_instance(2), tasks=tasks)
    snapshot = a_snapshot(a_service(1, steady_at=None), *tasks, fleet=fleet)
    assert planned(snapshot).startswith("stop 0001 (ServiceSchedulerInitiated: ")


def test_a_replacement_stays_while_the_new_revision_backs_off() -> None:
    """The pause after failed starts: nothing goes to make room for what is not started now."""
    world = steady_world(1, 100, 200)
    world.update()
    world.settle()
    for _ in range(3):
        (attempt,) = world.live(2)
        world.fail_to_start(attempt)
        world.settle()
    assert world.live(2) == []
    (old,) = world.live(1)
    drain(world, int((old.container_instance_arn or "")[-4:]))
    world.settle()
    assert len(world.live(1)) == 2
    world.run()
    world.wait(500)
    assert (len(world.live(1)), len(world.live(2))) == (2, 0)
