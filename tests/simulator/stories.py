"""Stories: something done in a world of its own, on a virtual clock, from a seed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from shipway.seams import SeededIds
from shipway.simulator.chance import Chance
from shipway.simulator.clock import VirtualClock, VirtualLoop
from shipway.simulator.network import Conditions
from shipway.simulator.scripts import Script, labels_of
from shipway.simulator.transcript import Transcript
from shipway.simulator.world import Surface, World

T = TypeVar("T")

GOOD = Script()
SLOW = Surface(
    network=Conditions(latency_ms=(1, 30)),
    fsync_ms=(1, 20),
    check_ms=(0, 1000),
    in_flight_ms=(0, 2000),
)


def told(story: Callable[[World], Awaitable[T]], seed: int = 1, surface: Surface = SLOW) -> T:
    return told_with_transcript(story, seed, surface)[0]


def told_with_transcript(
    story: Callable[[World], Awaitable[T]], seed: int = 1, surface: Surface = SLOW
) -> tuple[T, Transcript]:
    """What the story answers, and the transcript of its world."""
    loop = VirtualLoop()
    clock = VirtualClock(loop)
    transcript = Transcript(clock, loop)

    async def tell() -> T:
        world = World(clock, SeededIds(seed), Chance(seed), surface)
        world.on_commit.append(transcript.committed)
        await world.start()
        try:
            return await story(world)
        finally:
            await world.close()

    answer: T = loop.run_until_complete(tell())
    assert loop.failures == []
    return answer, transcript


async def register(world: World, family: str = "web", script: Script = GOOD, **members: Any) -> str:
    """Registers a task definition of one container that plays the script."""
    container = {
        "name": family,
        "image": f"{family}:1",
        "memory": 64,
        "dockerLabels": labels_of(script),
        **members,
    }
    answer = await world.call("RegisterTaskDefinition", family=family, containerDefinitions=[container])
    return str(answer["taskDefinition"]["taskDefinitionArn"])


async def service(world: World, name: str = "web") -> dict[str, Any]:
    answer = await world.call("DescribeServices", services=[name])
    found: dict[str, Any] = answer["services"][0]
    return found


async def until(world: World, what: Callable[[dict[str, Any]], bool], within_s: int = 600) -> dict[str, Any]:
    """The service once it is so."""
    for _ in range(within_s):
        found = await service(world)
        if what(found):
            return found
        await asyncio.sleep(1)
    raise AssertionError(f"not within {within_s} s: {found}")


def is_steady(service: dict[str, Any]) -> bool:
    (primary, *others) = service["deployments"]
    complete = primary["rolloutState"] == "COMPLETED"
    return not others and complete and service["runningCount"] == service["desiredCount"]
