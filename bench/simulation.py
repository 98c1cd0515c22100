"""How much quicker than real time simulated worlds are, and what a night's seeds cost."""

from __future__ import annotations

import asyncio
import time

from bench.measure import Figure
from shipway.model.service import Service
from shipway.model.task import Task
from shipway.seams import SeededIds
from shipway.simulator.chance import Chance
from shipway.simulator.clock import VirtualClock, VirtualLoop
from shipway.simulator.network import Conditions
from shipway.simulator.simulation import simulate
from shipway.simulator.world import Surface, World

INSTANCES, SERVICES, TASKS_EACH, SIMULATED_S = 50, 100, 10, 3_600.0
RATIO_MIN = 1_000
SEEDS, SEEDS_RUN, SEEDS_S_MAX = 2_000, 200, 600


def measure() -> list[Figure]:
    return [large_world(), seeds()]


def large_world() -> Figure:
    """An hour in which 100 services of 10 tasks are created and then replaced by a rolling update each."""
    loop = VirtualLoop()
    surface = Surface(network=Conditions(latency_ms=(1, 20)), fsync_ms=(1, 10))
    world = World(VirtualClock(loop), SeededIds(1), Chance(1), surface)
    started = time.perf_counter()
    loop.run_until_complete(an_hour(world))
    took_s = time.perf_counter() - started
    loop.end(world.kill)
    ratio = SIMULATED_S / took_s
    return Figure(
        f"a simulated hour of {SERVICES} services and {SERVICES * TASKS_EACH:,} tasks, each replaced once",
        f"{took_s:.2f} s",
        "an hour of real time",
        f"{ratio:,.0f} x",
        f"over {RATIO_MIN:,} x",
        ratio > RATIO_MIN,
    )


async def an_hour(world: World) -> None:
    await world.start()
    world.add_instances(INSTANCES, cpu=4096, memory=8192)
    await asyncio.sleep(1)
    container = {"name": "web", "image": "web:1", "memory": 64}
    for _ in range(2):
        await world.call("RegisterTaskDefinition", family="web", containerDefinitions=[container])
    for number in range(SERVICES):
        await world.call(
            "CreateService", serviceName=f"web-{number}", taskDefinition="web:1", desiredCount=TASKS_EACH
        )
    await asyncio.sleep(600)
    for number in range(SERVICES):
        await world.call("UpdateService", service=f"web-{number}", taskDefinition="web:2")
    await asyncio.sleep(SIMULATED_S - asyncio.get_running_loop().time())
    state = world.store.state
    running = [t for t in state.all(Task) if t.running and (t.task_definition_arn or "").endswith(":2")]
    steady = sum(service.steady_at is not None for service in state.all(Service))
    if (len(running), steady) != (SERVICES * TASKS_EACH, SERVICES):
        raise RuntimeError(f"After an hour {len(running)} new tasks run and {steady} services are steady.")


def seeds() -> Figure:
    """`SEEDS_RUN` are played on one core; the figure is what `SEEDS` would take at that rate."""
    started, simulated_s = time.perf_counter(), 0.0
    for seed in range(SEEDS_RUN):
        outcome = simulate(seed, tell=False)
        if outcome.failure:
            raise RuntimeError(f"Seed {seed} failed: {outcome.failure}")
        simulated_s += outcome.simulated_s
    took_s = time.perf_counter() - started
    estimate_s = took_s * SEEDS / SEEDS_RUN
    return Figure(
        f"{SEEDS:,} seeds of the swarm on one core, extrapolated from {SEEDS_RUN}",
        f"{estimate_s:,.0f} s",
        "-",
        f"{simulated_s / took_s:,.0f} x real time",
        f"under {SEEDS_S_MAX} s",
        estimate_s < SEEDS_S_MAX,
    )
