"""What goes wrong, each fault at its own rate, until everything is healed.

The control plane is killed at a moment or in the middle of a burst of commits, and some of what was not
synced may have reached its disk all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from shipway.simulator.agent import Agent
from shipway.simulator.clock import VirtualClock, VirtualLoop
from shipway.simulator.containers import KILLED, Container
from shipway.simulator.network import Conditions
from shipway.simulator.options import Faults
from shipway.simulator.world import World
from shipway.store import Change

JUMP_MS_MAX = 120_000
Say = Callable[[str], None]


class FaultInjector:
    def __init__(self, world: World, loop: VirtualLoop, clock: VirtualClock, say: Say) -> None:
        self._world = world
        self._loop = loop
        self._clock = clock
        self._say = say
        self._chance = world.chance.of("faults")
        self._tasks: list[asyncio.Task[None]] = []
        self._commits_to_kill = 0
        self._down = asyncio.Event()
        self._restart: asyncio.Task[None] | None = None
        world.on_commit.append(self._committed)

    def begin(self, faults: Faults) -> None:
        kinds: dict[str, Callable[[], Any]] = {
            "kills": self.kill,
            "agent_kills": self.kill_agent,
            "power_cuts": self.cut_power,
            "cuts": self.cut_off,
            "broken_links": self.break_links,
            "crashes": self.crash,
            "sick": self.sicken,
            "silent": self.silence,
            "clock_jumps": self.jump,
            "alarms": self.alarm,
        }
        for name, befall in kinds.items():
            rate = getattr(faults, name)
            if rate:
                self._tasks.append(self._loop.create_task(self._again_and_again(rate, befall)))

    async def heal(self) -> None:
        """Nothing goes wrong any more, and what is broken works again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._commits_to_kill = 0
        world = self._world
        world.functions.trouble = 0.0
        for name in world.alarms.states:
            world.set_alarm(name, "OK")
        world.network.conditions = Conditions(latency_ms=world.network.conditions.latency_ms)
        for agent in world.fleet.agents.values():
            world.network.mend(agent.name)
            agent.start()
        if self._restart is not None:
            await self._restart
        if world.control_plane is None:
            await world.start()
        self._say("healed")

    async def _again_and_again(self, rate: float, befall: Callable[[], Any]) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(rate / 60))
            await befall()

    # The control plane

    async def kill(self) -> None:
        if self._world.control_plane is None:
            return
        self._down.clear()
        if self._chance.random() < 0.5:
            self._kill_now()
        else:
            self._commits_to_kill = self._chance.randint(1, 20)
            try:
                await asyncio.wait_for(self._down.wait(), 60)
            except TimeoutError:
                self._commits_to_kill = 0
                return
        await asyncio.sleep(self._chance.choice((0.01, 1.0, 20.0)))
        self._say("control plane started")
        self._restart = self._loop.create_task(self._world.start())
        await asyncio.shield(self._restart)

    def _committed(self, changes: tuple[Change, ...]) -> None:
        if self._commits_to_kill:
            self._commits_to_kill -= 1
            if not self._commits_to_kill:
                self._loop.call_first(self._kill_now)

    def _kill_now(self) -> None:
        if self._world.control_plane is not None:
            survivors = self._chance.randint(0, self._world.unsynced)
            self._say(f"control plane killed; {survivors} of {self._world.unsynced} unsynced commits survive")
            self._world.kill(survivors)
        self._down.set()

    async def jump(self) -> None:
        ms = self._chance.choice((-1, 1)) * self._chance.randint(1, JUMP_MS_MAX)
        self._say(f"the clock jumps by {ms} ms")
        self._clock.jump(ms)

    async def alarm(self) -> None:
        names = list(self._world.alarms.states)
        if names:
            name = self._chance.choice(names)
            self._say(f"alarm {name} fires")
            self._world.set_alarm(name, "ALARM")
            await asyncio.sleep(self._chance.choice((1.0, 10.0, 60.0)))
            self._world.set_alarm(name, "OK")

    # Container instances

    def _agent(self) -> Agent:
        return self._chance.choice(list(self._world.fleet.agents.values()))

    async def kill_agent(self) -> None:
        agent = self._agent()
        if agent.alive:
            self._say(f"{agent.name}: agent killed")
            agent.kill()
            await self._later_start(agent)

    async def cut_power(self) -> None:
        agent = self._agent()
        if agent.alive:
            self._say(f"{agent.name}: power cut")
            agent.lose_power()
            await self._later_start(agent)

    async def _later_start(self, agent: Agent) -> None:
        await asyncio.sleep(self._chance.choice((0.1, 5.0, 100.0)))
        if self._world.fleet.has(agent):
            self._say(f"{agent.name}: started")
            agent.start()

    async def cut_off(self) -> None:
        agent = self._agent()
        if not self._world.network.is_cut(agent.name):
            self._say(f"{agent.name}: cut off")
            self._world.network.cut(agent.name)
            await asyncio.sleep(self._chance.choice((1.0, 10.0, 100.0)))
            self._say(f"{agent.name}: reachable again")
            self._world.network.mend(agent.name)

    async def break_links(self) -> None:
        agent = self._agent()
        self._say(f"{agent.name}: links broken")
        self._world.network.break_links(agent.name)

    # Containers

    def _container(self) -> Container | None:
        running = [c for _, task in self._world.fleet.tasks() for c in task.containers if c.running]
        return self._chance.choice(running) if running else None

    async def crash(self) -> None:
        container = self._container()
        if container is not None:
            self._say(f"{container.runtime_id}: crashed")
            container.end(self._chance.choice((1, KILLED)))

    async def sicken(self) -> None:
        container = self._container()
        if container is not None and container.health == "HEALTHY":
            self._say(f"{container.runtime_id}: sick")
            container.feel("UNHEALTHY")
            try:
                await asyncio.sleep(self._chance.choice((1.0, 60.0)))
            finally:
                container.feel("HEALTHY")

    async def silence(self) -> None:
        container = self._container()
        if container is not None and container.answers:
            self._say(f"{container.runtime_id}: does not answer")
            container.answer(False)
            try:
                await asyncio.sleep(self._chance.choice((1.0, 60.0)))
            finally:
                container.answer(True)
