"""One seed, from its draw to its outcome."""

from __future__ import annotations

import asyncio

import msgspec

from shipway.seams import SeededIds
from shipway.simulator.chance import Chance
from shipway.simulator.clock import VirtualClock, VirtualLoop
from shipway.simulator.network import Conditions
from shipway.simulator.scripts import Script, labels_of
from shipway.simulator.steady import pending
from shipway.simulator.transcript import Transcript
from shipway.simulator.world import Surface, World

SURFACE = Surface(
    network=Conditions(latency_ms=(1, 30)),
    fsync_ms=(1, 20),
    check_ms=(0, 1000),
    in_flight_ms=(0, 2000),
)
LOOK_S = 5.0
STEADY_WITHIN_S = 600.0


class Outcome(msgspec.Struct, kw_only=True):
    """How one seed ended. `failure` is empty when everything held."""

    seed: int
    failure: str
    simulated_s: float
    transcript: Transcript


def simulate(seed: int) -> Outcome:
    loop = VirtualLoop()
    clock = VirtualClock(loop)
    transcript = Transcript(clock)
    chance = Chance(seed)

    async def tell() -> str:
        world = World(clock, SeededIds(seed), chance, SURFACE)
        world.on_commit.append(transcript.committed)
        await world.start()
        failure = await story(world)
        await world.close()
        return failure

    failure = loop.run_until_complete(tell())
    if loop.failures and not failure:
        failure = f"an exception that nobody caught: {loop.failures[0]!r}"
    return Outcome(seed=seed, failure=failure, simulated_s=loop.time(), transcript=transcript)


async def story(world: World) -> str:
    """Some services are created; all must become steady."""
    draw = world.chance.of("story")
    world.add_instances(draw.randint(2, 5))
    await asyncio.sleep(1)
    names = [f"service-{number}" for number in range(1, draw.randint(2, 4))]
    for name in names:
        script = Script(start_ms=draw.randint(10, 3_000))
        container = {"name": name, "image": f"{name}:1", "memory": 64, "dockerLabels": labels_of(script)}
        await world.call("RegisterTaskDefinition", family=name, containerDefinitions=[container])
        desired_count = draw.randint(0, 5)
        await world.call("CreateService", serviceName=name, taskDefinition=name, desiredCount=desired_count)
    lines: list[str] = []
    while asyncio.get_running_loop().time() < STEADY_WITHIN_S:
        await asyncio.sleep(LOOK_S)
        lines = pending((await world.call("DescribeServices", services=names))["services"])
        if not lines:
            return ""
    return "\n".join([f"not steady within {STEADY_WITHIN_S:.0f} s:", *lines])
