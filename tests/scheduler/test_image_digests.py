"""The first task of a deployment settles what its image tags mean."""

from __future__ import annotations

import re
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


def larger(world: World, memory: int) -> None:
    """A new revision whose task needs more memory."""
    [web] = world.definition["containerDefinitions"]
    world.definition = {**world.definition, "containerDefinitions": [{**web, "memory": memory}]}
    world.update()


def six_on_four(minimum: int) -> World:
    """Two instances with two old tasks each, two with one: 2560 MiB are free at most."""
    world = a_world(6, memory=1536)
    configuration = replace(
        world.service.deployment_configuration, minimum_healthy_percent=minimum, maximum_percent=150
    )
    world.service = replace(world.service, deployment_configuration=configuration)
    tell_digest(world, 1)
    return rolled_out(world)


def moved(world: World) -> list[str]:
    """The next pass's stops and starts of tasks, as its text has them."""
    lines = world.step().text().splitlines()
    return [shortened_id(line) for line in lines if line.startswith(("start ", "stop "))]


def shortened_id(line: str) -> str:
    return re.sub(r"\b0+(\d)", r"\1", line)


def test_an_old_task_goes_when_the_first_one_finds_no_place() -> None:
    """One at a time, until its instance has room; no further pass takes back what has gone."""
    world = six_on_four(minimum=50)
    larger(world, 3072)
    moves = []
    while not world.live(2):
        moves += moved(world)
        world.settle()
        world.end_stopping()
    why = (
        "(ServiceSchedulerInitiated: Scaling activity initiated by (deployment ecs-svc/1)): ecs-svc/2"
        " replaces it: 0 of 6 are healthy, 3 in all must be."
    )
    assert moves == [
        f"stop 2 {why}",
        f"stop 3 {why}",
        f"stop 1 {why}",
        "start 7 of web:2 on 1: 6 tasks of ecs-svc/2 are wanted, 0 are live.",
    ]
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 6: 0+1", "1 ACTIVE COMPLETED 3: 3+0"]


def test_no_old_task_goes_below_the_minimum_for_the_first_one() -> None:
    """Then it is told that there is no place, and nothing else happens."""
    world = six_on_four(minimum=100)
    larger(world, 3072)
    world.wait(60_000)
    assert world.shown() == ["2 PRIMARY IN_PROGRESS 6: 0+0", "1 ACTIVE COMPLETED 6: 6+0"]
    [told] = world.told()
    assert told.startswith("was unable to place a task because no container instance met all of its")


def test_no_old_task_goes_for_what_no_room_would_mend() -> None:
    """The first task asks for an attribute that no instance has."""
    world = six_on_four(minimum=50)
    world.definition = {**world.definition, "requires_attributes": ("gpu-driver",)}
    larger(world, 3072)
    world.wait(60_000)
    assert len(world.live(1)) == 6
    [told] = world.told()
    assert "is missing an attribute required by your task" in told
