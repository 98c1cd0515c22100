"""The first task of a deployment settles what its image tags mean."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.service import CircuitBreaker
from tests.builders import a_breaker, a_container_definition, a_service, an_instance
from tests.scheduler.world import World, rolled_out

SETTLED = "sha256:1"


def a_world(desired_count: int = 4, breaker: CircuitBreaker | None = None, **container: Any) -> World:
    """A service whose container's image is given by a tag."""
    web = a_container_definition(image="127.0.0.1:4701/web:1", **container)
    service = a_service(desired_count, breaker=breaker or CircuitBreaker())
    instances = tuple(an_instance(number) for number in range(1, 5))
    return World(service, definition={"containerDefinitions": [web]}, instances=instances)


def tell_digest(world: World, number: int) -> None:
    """What the api does with an agent's report."""
    world.tx.put(replace(world.revision(number), image_digests={"web": SETTLED}))


def test_one_task_is_started_until_its_digest_is_known() -> None:
    """Then all the others, and each is born with the digest that it must pull."""
    world = a_world()
    world.settle()
    assert world.told() == ["has started 1 tasks: (task 1)."]
    world.wait(60_000)
    assert world.told() == []
    tell_digest(world, 1)
    world.settle()
    assert world.told() == ["has started 3 tasks: (task 2) (task 3) (task 4)."]
    assert [task.containers[0].image_digest for task in world.live()] == [None, *([SETTLED] * 3)]


def test_image_without_a_digest_holds_nobody_up() -> None:
    """A task that runs and told none (its image is no registry's) lets the others start."""
    world = a_world()
    world.settle()
    world.run()
    world.settle()
    assert len(world.live()) == 4


def test_containers_without_version_consistency_start_all_at_once() -> None:
    """versionConsistency `disabled`: there is nothing to settle, and no digest is given to anybody."""
    world = a_world(versionConsistency="disabled")
    tell_digest(world, 1)
    world.settle()
    assert len(world.live()) == 4
    assert world.live()[0].containers[0].image_digest is None


def test_old_tasks_make_no_more_room_than_the_first_task_needs() -> None:
    """At 0/100 one old task goes for the first new one; the others when the digest is known."""
    world = a_world()
    configuration = replace(
        world.service.deployment_configuration, minimum_healthy_percent=0, maximum_percent=100
    )
    world.service = replace(world.service, deployment_configuration=configuration)
    tell_digest(world, 1)
    rolled_out(world)
    world.update()
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 0+1", "1 ACTIVE COMPLETED 3: 3+0"]
    tell_digest(world, 2)
    world.settle()
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 4: 0+4", "1 ACTIVE COMPLETED 0: 0+0"]


def test_after_three_failures_the_deployment_goes_on_without() -> None:
    """No circuit breaker: the next attempt starts all that are wanted."""
    world = a_world()
    for _ in range(3):
        world.wait(1_000)
        [task] = world.live()
        world.fail_to_start(task)
    world.wait(2_000)
    assert len(world.live()) == 4


def test_after_three_failures_a_circuit_breaker_fails_the_deployment() -> None:
    """Its own threshold would be 13 of 25 tasks."""
    world = a_world(25, a_breaker())
    tell_digest(world, 1)
    rolled_out(world)
    world.update()
    for _ in range(3):
        world.wait(1_000)
        [task] = world.live(2)
        world.fail_to_start(task)
    plan = world.step()
    assert "The first task failed 3 times, so no image digest is known." in plan.text()
    world.settle()
    assert world.revision(2).rollout_state == "FAILED"
    assert world.shown()[0].startswith("1 PRIMARY COMPLETED")


def test_replacements_and_rollbacks_take_the_settled_digest() -> None:
    """A tag that was pushed again meanwhile changes nothing for the revision."""
    world = a_world(2)
    tell_digest(world, 1)
    rolled_out(world)
    world.end(world.live()[0], "UserInitiated")
    world.settle()
    assert world.live()[-1].containers[0].image_digest == SETTLED
