"""Scaling in the middle of a rolling update: both revisions follow, within the limits of the new count."""

from __future__ import annotations

from msgspec.structs import replace

from tests.builders import a_breaker, a_service
from tests.scheduler.world import World, rolled_out


def half_way(minimum: int = 50, maximum: int = 100) -> World:
    """Desired 4: two old tasks and two new ones, all healthy but that no pass has seen it."""
    world = rolled_out(World(a_service(4, minimum=minimum, maximum=maximum)))
    world.update()
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 0+2", "1 ACTIVE COMPLETED 2: 2+0"]
    world.told()
    return world


def test_scale_out_is_shared_in_proportion() -> None:
    """Half of the tasks are old ones, so half of the four that are added are old ones too."""
    world = half_way()
    world.scale(8)
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 8: 0+4", "1 ACTIVE COMPLETED 4: 2+2"]
    assert world.told() == ["has started 4 tasks: (task 7) (task 8) (task 9) (task 10)."]


def test_scaled_out_update_comes_to_its_end() -> None:
    """The old tasks that were added go like the others."""
    world = half_way()
    world.scale(8)
    for _ in range(6):
        world.settle()
        world.end_stopping()
        world.run()
        world.wait(5_000)
    assert world.shown() == ["2 PRIMARY COMPLETED 8: 8+0"]


def test_scale_out_with_room_for_all() -> None:
    """At 200 percent the new revision goes to its full count at once, and the old one grows in proportion."""
    world = rolled_out(World(a_service(4)))
    world.update()
    world.settle()
    world.run(world.live(2)[:2])
    world.wait(5_000)
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 2+2", "1 ACTIVE COMPLETED 2: 2+0"]
    world.scale(8)
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 8: 2+6", "1 ACTIVE COMPLETED 4: 2+2"]


def test_scale_in_shrinks_both_within_the_new_limits() -> None:
    """Desired 4 to 2 while the new tasks are pending: at most 4 in all, at least 2 healthy."""
    world = rolled_out(World(a_service(4)))
    world.update()
    world.settle()
    world.scale(2)
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 2: 0+2", "1 ACTIVE COMPLETED 2: 2+0"]


def test_scale_in_keeps_the_new_maximum_though_nothing_is_healthy() -> None:
    """Old tasks that are not healthy go when they are above it, though no new task needs their room."""
    world = rolled_out(World(a_service(4)))
    world.now_ms += 20_000
    for task in world.live():
        world.crash(task)
    world.settle()
    world.update()
    world.settle()
    assert [line.rpartition(" ")[2] for line in world.shown()] == ["0+4", "0+4"]
    world.scale(2)
    world.settle()
    assert [line.rpartition(" ")[2] for line in world.shown()] == ["0+2", "0+2"]


def test_scale_to_nothing_ends_the_update() -> None:
    """Everything stops, and the deployment completes without tasks."""
    world = half_way()
    world.scale(0)
    world.settle()
    world.end_stopping()
    world.settle()
    assert world.shown() == ["2 PRIMARY COMPLETED 0: 0+0"]


def test_count_given_with_the_update_is_no_scaling_midway() -> None:
    """The old revision is what it was: only the new one gets the new count."""
    world = rolled_out(World(a_service(2)))
    world.scale(6)
    world.update()
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 6: 0+6", "1 ACTIVE COMPLETED 2: 2+0"]


def test_rollback_is_no_scaling_midway_either() -> None:
    """The revision rolled back to wants the service's count, whatever it had come down to."""
    world = rolled_out(World(a_service(4, minimum=50, maximum=100, breaker=a_breaker())))
    world.update()
    for _ in range(3):
        world.settle()
        world.fail_to_start(world.live(2)[0])
        world.wait(1_000)
    world.settle()
    assert world.shown()[0] == "1 PRIMARY IN_PROGRESS 4: 2+2"
    assert not world.live(2)


def test_failed_deployment_is_scaled_by_the_revision_before() -> None:
    """FAILED without rollback: it starts nothing; the old revision follows the service's count."""
    world = rolled_out(World(a_service(4, breaker=a_breaker(rollback=False))))
    world.update()
    world.settle()
    world.run(world.live(2)[:1])
    for task in world.live(2)[1:]:
        world.fail_to_start(task)
    world.settle()
    assert world.shown() == ["2 PRIMARY FAILED 4: 1+0", "1 ACTIVE COMPLETED 4: 4+0"]
    world.scale(6)
    world.settle()
    assert world.shown() == ["2 PRIMARY FAILED 6: 1+0", "1 ACTIVE COMPLETED 6: 4+2"]
    world.run()
    world.scale(2)
    world.wait(5_000)
    assert world.shown() == ["2 PRIMARY FAILED 2: 1+0", "1 ACTIVE COMPLETED 2: 2+0"]


def test_old_task_on_a_draining_instance_is_replaced_by_its_like() -> None:
    """The new revision does not get on, and the instance is emptied all the same."""
    world = rolled_out(World(a_service(3, maximum=300)))
    world.update()
    world.settle()
    drained = world.live(1)[0].container_instance_arn
    world.instances = tuple(
        replace(each, status="DRAINING") if each.container_instance_arn == drained else each
        for each in world.instances
    )
    for _ in range(3):
        world.settle()
        world.run(world.live(1))
        world.wait(5_000)
        world.end_stopping()
    assert len(world.live(1)) == 3
    assert drained not in {task.container_instance_arn for task in world.live(1)}
