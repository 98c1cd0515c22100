"""Early success criteria: fewer healthy tasks make a deployment a success, the rest follows."""

from __future__ import annotations

import pytest

from shipway.model.service import EarlySuccess
from tests.builders import a_service
from tests.scheduler.world import World, rolled_out


def updating(cleanup: str, percent: int = 50, **members: int) -> World:
    """Desired 4, at least 2 healthy: four old tasks run, four new ones are pending."""
    early = EarlySuccess(enable=True, healthy_percent=percent, cleanup=cleanup)
    limits = {"minimum": 50, "maximum": 200, **members}
    world = rolled_out(World(a_service(4, early_success=early, **limits)))
    world.update()
    world.settle()
    world.told()
    return world


def become_healthy(world: World, count: int) -> None:
    world.run(world.live(2)[:count])
    world.wait(5_000)


def test_deferred_success_comes_before_the_old_tasks_go() -> None:
    """SUCCESSFUL at two healthy tasks; then the old ones drain, and the rest comes up."""
    world = updating("DEFERRED")
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 0+4", "1 ACTIVE COMPLETED 2: 2+0"]
    become_healthy(world, 1)
    assert world.deployment(2).status == "IN_PROGRESS"
    world.run(world.live(2)[:2])
    world.now_ms += 5_000
    world.step()
    assert world.deployment(2).status == "SUCCESSFUL"
    assert world.told()[-1] == "(deployment ecs-svc/2) deployment completed."
    assert len(world.live(1)) == 1, "one had made room when the first new task was healthy"
    world.settle()
    assert world.shown() == ["2 PRIMARY COMPLETED 4: 2+2"]
    world.end_stopping()
    world.settle()
    assert "has reached a steady state." not in world.told()
    become_healthy(world, 4)
    assert world.told() == ["has reached a steady state."]


def test_blocking_success_waits_for_the_old_tasks_to_be_gone() -> None:
    """At two healthy tasks the old ones go; the success is told when the last has STOPPED."""
    world = updating("BLOCKING")
    become_healthy(world, 2)
    assert not world.live(1)
    assert world.deployment(2).status == "IN_PROGRESS"
    world.end_stopping()
    world.settle()
    assert world.deployment(2).status == "SUCCESSFUL"
    assert world.shown() == ["2 PRIMARY COMPLETED 4: 2+2"]


@pytest.mark.parametrize("cleanup", ["BLOCKING", "DEFERRED"])
def test_old_tasks_stay_while_the_success_bakes(cleanup: str) -> None:
    """From two healthy tasks on nothing of the old revision goes before the bake time is over."""
    world = updating(cleanup, bake_time_ms=60_000)
    become_healthy(world, 2)
    left = len(world.live(1))
    assert left == 2
    become_healthy(world, 4)
    world.wait(54_999)
    assert (len(world.live(1)), world.deployment(2).status) == (left, "IN_PROGRESS")
    world.wait(1)
    assert (world.deployment(2).status == "SUCCESSFUL") == (cleanup == "DEFERRED")
    assert not world.live(1)


def test_threshold_must_still_hold_when_the_bake_time_is_over() -> None:
    """A task that is lost meanwhile: the bake time begins again when there are enough."""
    world = updating("DEFERRED", bake_time_ms=60_000)
    become_healthy(world, 2)
    world.wait(30_000)
    world.crash(world.live(2)[0])
    world.wait(30_000)
    assert world.deployment(2).status == "IN_PROGRESS"
    become_healthy(world, 4)
    world.wait(59_999)
    assert world.deployment(2).status == "IN_PROGRESS"
    world.wait(1)
    assert world.deployment(2).status == "SUCCESSFUL"


def test_without_room_above_the_rest_follows_the_cleanup() -> None:
    """At 100 percent two new tasks have room; the other two start when the old ones have gone."""
    world = updating("BLOCKING", maximum=100)
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 0+2", "1 ACTIVE COMPLETED 2: 2+0"]
    become_healthy(world, 2)
    assert world.shown()[0] == "2 PRIMARY IN_PROGRESS 4: 2+2"
    world.end_stopping()
    world.settle()
    assert world.deployment(2).status == "SUCCESSFUL"


def test_at_least_one_task_must_be_healthy() -> None:
    """Zero percent is no success without a single task."""
    world = updating("DEFERRED", percent=0, minimum=0)
    world.wait(60_000)
    assert world.deployment(2).status == "IN_PROGRESS"
    become_healthy(world, 1)
    assert world.deployment(2).status == "SUCCESSFUL"


def test_first_deployment_of_a_service_can_succeed_early() -> None:
    """There is nothing to clean up."""
    early = EarlySuccess(enable=True, healthy_percent=50)
    world = World(a_service(4, early_success=early, minimum=50))
    world.settle()
    world.run(world.live()[:2])
    world.wait(5_000)
    assert world.shown() == ["1 PRIMARY COMPLETED 4: 2+2"]
