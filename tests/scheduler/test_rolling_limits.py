"""Rolling updates within the two limits: what happens first, what follows, and what is blocked."""

from __future__ import annotations

from itertools import takewhile

import pytest

from tests.builders import a_service, an_instance
from tests.scheduler.world import World, rolled_out

BLOCKED = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration."
    " Update the minimumHealthyPercent or maximumPercent value and try again."
)


def updating(desired_count: int, minimum: int, maximum: int) -> World:
    """A service whose old tasks are all healthy, and a new revision that no pass has seen yet."""
    world = rolled_out(World(a_service(desired_count, minimum=minimum, maximum=maximum)))
    world.update()
    return world


@pytest.mark.parametrize(
    ("desired", "minimum", "maximum", "stopped", "started"),
    [
        (1, 100, 200, 0, 1),
        (1, 0, 100, 1, 1),
        (1, 50, 100, 0, 0),
        (1, 100, 150, 0, 0),
        (2, 75, 100, 0, 0),
        (2, 50, 200, 1, 2),
        (3, 100, 125, 0, 0),
        (4, 50, 100, 2, 2),
        (4, 50, 200, 2, 4),
        (4, 100, 200, 0, 4),
        (10, 100, 110, 0, 1),
        (0, 100, 200, 0, 0),
    ],
)
def test_first_pass_of_an_update(
    desired: int, minimum: int, maximum: int, stopped: int, started: int
) -> None:
    """The rows of ECS's table. Where neither limit allows a move, and only there, ECS says so, once."""
    world = updating(desired, minimum, maximum)
    world.settle()
    told = world.told()
    assert (desired - len(world.live(1)), len(world.live(2))) == (stopped, started)
    assert (BLOCKED in told) == (desired > 0 and not stopped and not started)
    world.wait(3_600_000)
    assert BLOCKED not in world.told()


@pytest.mark.parametrize(
    ("minimum", "maximum"), [(100, 200), (50, 100), (0, 100), (50, 200), (100, 125), (75, 150)]
)
def test_update_comes_to_its_end(minimum: int, maximum: int) -> None:
    """Within whatever limits that allow a move, the new tasks replace the old ones, and it is told."""
    world = updating(4, minimum, maximum)
    for _ in range(8):
        world.settle()
        world.end_stopping()
        world.run()
        world.wait(5_000)
    assert [task.deployment_id for task in world.live()] == ["ecs-svc/2"] * 4
    told = list(takewhile(lambda message: "AZ balanced" not in message, world.told()))
    assert told[-2:] == ["(deployment ecs-svc/2) deployment completed.", "has reached a steady state."]


def test_half_and_half_without_room_above() -> None:
    """4 tasks at 50/100: two stop and two start; when those are healthy, the other two."""
    world = updating(4, 50, 100)
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 0+2", "1 ACTIVE COMPLETED 2: 2+0"]
    assert [event.split(":")[0] for event in world.told()] == [
        "has stopped 2 running tasks",
        "has started 2 tasks",
    ]
    world.run()
    world.wait(4_999)
    assert world.told() == []
    world.wait(1)
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 2+2", "1 ACTIVE COMPLETED 0: 0+0"]


def test_deployments_over_time() -> None:
    """What DescribeServices shows from the update to its end; the replaced deployment stays COMPLETED."""
    world = updating(2, 100, 200)
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 0: 0+0", "1 ACTIVE COMPLETED 2: 2+0"]
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 2: 0+2", "1 ACTIVE COMPLETED 2: 2+0"]
    world.run()
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 2: 2+0", "1 ACTIVE COMPLETED 2: 2+0"]
    world.wait(5_000)
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 2: 2+0", "1 ACTIVE COMPLETED 0: 0+0"]
    world.end_stopping()
    world.settle()
    assert world.shown() == ["2 PRIMARY COMPLETED 2: 2+0"]
    assert world.revision(2).rollout_state_reason == "ECS deployment ecs-svc/2 completed."


def test_third_deployment_supersedes_the_second() -> None:
    """Both stay in the list, the second still IN_PROGRESS; what it had on its way makes room first."""
    world = updating(4, 100, 200)
    world.settle()
    world.update()
    world.settle()
    assert world.shown() == [
        "3 PRIMARY IN_PROGRESS 4: 0+4",
        "2 ACTIVE IN_PROGRESS 0: 0+0",
        "1 ACTIVE COMPLETED 4: 4+0",
    ]
    assert (world.deployment(2).status, world.deployment(3).status) == ("STOPPED", "IN_PROGRESS")
    world.run()
    world.wait(5_000)
    world.end_stopping()
    world.settle()
    assert world.shown() == ["3 PRIMARY COMPLETED 4: 4+0"]


def test_healthy_tasks_of_a_superseded_deployment_serve_until_they_are_replaced() -> None:
    """Two of the second revision and two of the first are healthy: all of them count as the minimum."""
    world = updating(4, 100, 200)
    world.settle()
    world.run(world.live(2)[:2])
    world.wait(5_000)
    assert [line.rpartition(" ")[2] for line in world.shown()] == ["2+2", "2+0"]
    world.update()
    world.settle()
    assert world.shown() == [
        "3 PRIMARY IN_PROGRESS 4: 0+4",
        "2 ACTIVE IN_PROGRESS 2: 2+0",
        "1 ACTIVE COMPLETED 2: 2+0",
    ]


def test_superseded_tasks_that_fail_are_not_started_again() -> None:
    """Whoever repairs a broken revision does not want it back."""
    world = updating(2, 100, 200)
    world.settle()
    for task in world.live(2):
        world.fail_to_start(task)
    world.update()
    world.wait(60_000)
    assert not world.live(2) and len(world.live(3)) == 2


def test_idle_superseded_tasks_go_when_the_new_ones_find_no_place() -> None:
    """Their instances' memory may be the very room that lacks."""
    world = rolled_out(World(a_service(2, minimum=50, maximum=400), instances=(an_instance(memory=512),)))
    world.update()
    world.settle()
    assert len(world.live(2)) == 2
    world.update()
    world.settle()
    assert not world.live(2)
    world.end_stopping()
    world.settle()
    assert len(world.live(3)) == 2
