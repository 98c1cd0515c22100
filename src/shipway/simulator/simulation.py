"""One seed, from its draw to its outcome, in two phases.

First safety: users act while things go wrong, and every promise is checked at every commit. Then everything
is healed, users repair what only a user can (a deployment that failed, limits that allow no move), and all
must come to rest within a bound: services stable in the words of botocore's waiter, state and world in
agreement, and no commit any more. If not, the outcome says what is pending.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from shipway.model.snapshot import InstanceSize
from shipway.seams import SeededIds
from shipway.simulator import capacity, daemon_acts
from shipway.simulator import options as drawing
from shipway.simulator.chance import Chance
from shipway.simulator.clock import Deadlock, Restless, VirtualClock, VirtualLoop
from shipway.simulator.faults import FaultInjector
from shipway.simulator.groups import GroupMachines
from shipway.simulator.ledger import Ledger
from shipway.simulator.options import Options
from shipway.simulator.repair import Repair
from shipway.simulator.steady import pending
from shipway.simulator.tally import Tally
from shipway.simulator.transcript import Transcript
from shipway.simulator.users import User
from shipway.simulator.watch import Watch, counts_match
from shipway.simulator.world import Surface, World

LOOK_S = 5.0
STEADY_WITHIN_S = 45 * 60.0
QUIET_S = 30.0
QUIET_WITHIN_S = 15 * 60.0


class Broken(Exception):
    """A promise did not hold."""


class Outcome(msgspec.Struct, kw_only=True):
    """How one seed ended. `failure` is empty when everything held."""

    seed: int
    options: Options
    failure: str
    simulated_s: float
    commits: int
    transcript: Transcript
    tally: Tally


def simulate(seed: int, options: Options | None = None, *, tell: bool = True) -> Outcome:
    """Plays the seed. Without `tell` the transcript stays empty, which is quicker."""
    return Simulation(seed, options, tell).play()


class Simulation:
    def __init__(self, seed: int, options: Options | None, tell: bool) -> None:
        self.seed = seed
        chance = Chance(seed)
        self.options = options or drawing.draw(chance.of("options"))
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.transcript = Transcript(self.clock, self.loop)
        surface = Surface(
            network=self.options.network,
            fsync_ms=self.options.fsync_ms,
            check_ms=(0, 1_000),
            in_flight_ms=(0, 2_000),
            timing=capacity.timing(chance.of("timing"), self.options.features),
        )
        self.world = World(self.clock, SeededIds(seed), chance, surface)
        if tell:
            self.world.on_commit.append(self.transcript.committed)
        self.tally = Tally()
        self.world.on_answer.append(self.tally.answered)
        self.world.on_commit.append(self.tally.committed)
        self.ledger = Ledger()
        self.watch = Watch(self.world, self.ledger)
        self.faults = FaultInjector(self.world, self.loop, self.clock, self.transcript.say)
        self.machines = GroupMachines(self.world)
        self.users: list[User] = []
        self.commits = 0
        self.world.on_commit.append(self._count)
        self.loop.on_moment = self._moment

    def play(self) -> Outcome:
        errors = ErrorsLogged(self.watch.found)
        logger = logging.getLogger("shipway")
        logger.addHandler(errors)
        propagate, logger.propagate = logger.propagate, False
        failure = ""
        try:
            self.loop.run_until_complete(self._story())
            self._moment()
        except (Broken, Deadlock, Restless) as broken:
            failure = str(broken)
        finally:
            logger.removeHandler(errors)
            logger.propagate = propagate
            self.loop.end(self._shut_down)
        return Outcome(
            seed=self.seed,
            options=self.options,
            failure=failure,
            simulated_s=self.loop.time(),
            commits=self.commits,
            transcript=self.transcript,
            tally=self.tally,
        )

    def _shut_down(self) -> None:
        if self.world.control_plane is not None:
            self.world.kill()

    def _moment(self) -> None:
        self.watch.moment()
        if self.watch.found:
            raise Broken("\n".join(self.watch.found))
        if self.loop.failures:
            raise Broken(f"an exception that nobody caught: {self.loop.failures[0]!r}")

    def _count(self, changes: Any) -> None:
        self.commits += 1

    async def _story(self) -> None:
        await self.world.start()
        await self._prepare()
        self.faults.begin(self.options.faults)
        until = self.loop.time() + self.options.minutes * 60
        await asyncio.gather(*(user.act_until(until) for user in self.users))
        await self.faults.heal()
        await self._come_to_rest()

    async def _prepare(self) -> None:
        """The fleet, and users with their services."""
        size = InstanceSize(256, 400) if self.options.features.tight else InstanceSize()
        self.world.add_instances(self.options.instances, cpu=size.cpu, memory=size.memory)
        await capacity.prepare(self.world, self.options.features, size)
        await daemon_acts.prepare(self.world, self.options.features)
        styles = await Repair.styles(self.world, self.options)
        for style in styles:
            if style.alarm:
                self.world.set_alarm(style.alarm, "OK")
        if self.options.features.hooks:
            self.world.functions.trouble = 0.3
        for number in range(self.options.clients):
            own = styles[number :: self.options.clients]
            self.users.append(User(f"user-{number + 1}", self.world, self.ledger, self.options, own))

    async def _come_to_rest(self) -> None:
        repair = Repair(self.world, self.options, self.users, self.transcript.say)
        await repair.instances()
        deadline = self.loop.time() + STEADY_WITHIN_S
        lines: list[str] = ["nobody has looked yet"]
        while lines:
            if self.loop.time() > deadline:
                raise Broken("\n".join([f"not steady {STEADY_WITHIN_S / 60:.0f} min after healing:", *lines]))
            await asyncio.sleep(LOOK_S)
            services = await repair.services()
            lines = [*pending(services), *repair.unfit(services), *repair.occupied()]
            lines += await repair.daemons()
        await self._become_quiet()
        self.watch.found.extend(counts_match(self.world.store.state, await repair.services()))

    async def _become_quiet(self) -> None:
        """Everything agrees with everything, and nothing is committed any more."""
        deadline, commits = self.loop.time() + QUIET_WITHIN_S, -1
        while commits != self.commits or self.watch.at_rest():
            if self.loop.time() > deadline:
                lines = self.watch.at_rest() or ["something is committed again and again"]
                raise Broken("\n".join([f"{QUIET_WITHIN_S / 60:.0f} min after all was steady:", *lines]))
            commits = self.commits
            await asyncio.sleep(QUIET_S)


class ErrorsLogged(logging.Handler):
    """What the control plane logs as an error is a broken promise: loops, handlers and links do not fail."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        self._found.append(f"nothing fails inside: {text}")
