"""A scenario from its beginning to its end: set up, brought to rest, everything that happens, rest again.

Moment zero is when every service is steady; what comes before is not told, unless they never are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from shipway.drawing.timeline import Mark
from shipway.model.arn import short_name
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.seams import SeededIds
from shipway.simulator.chance import Chance
from shipway.simulator.clock import VirtualClock, VirtualLoop
from shipway.simulator.network import Conditions
from shipway.simulator.scenarios.capacity import provide
from shipway.simulator.scenarios.description import Scenario
from shipway.simulator.scenarios.happenings import Happenings, is_trouble, told
from shipway.simulator.scenarios.recorder import Recorder
from shipway.simulator.scenarios.report import Report, Verdict
from shipway.simulator.scenarios.stage import Stage
from shipway.simulator.steady import pending
from shipway.simulator.world import Refused, Surface, World

REGISTERED_WITHIN_S = 30.0
QUIET_S = 60.0  # at rest: no deployment runs, and so long nothing was told
STUCK_S = (
    31 * 60.0
)  # a deployment runs, and so long nothing was told: longer than a task waits for an instance


class NotPlayed(Exception):
    """The API refuses what the scenario asks for."""


@contextmanager
def asked_for(what: str) -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        raise NotPlayed(f"{what} is refused: {refusal.message}") from refusal


def play(scenario: Scenario, seed: int) -> Report:
    """The same scenario and the same seed give the same report."""
    loop = VirtualLoop()
    chance = Chance(seed)
    checks = scenario.checks_notice_after
    surface = Surface(
        network=Conditions(latency_ms=(1, 30)),
        fsync_ms=(1, 20),
        check_ms=(checks.low_s * 1000, checks.high_s * 1000),
        in_flight_ms=(0, 2000),
    )
    world = World(VirtualClock(loop), SeededIds(seed), chance, surface)
    try:
        return loop.run_until_complete(_Play(scenario, seed, world, loop).story())  # type: ignore[no-any-return]
    finally:
        loop.end(world.kill)


class _Play:
    def __init__(self, scenario: Scenario, seed: int, world: World, loop: VirtualLoop) -> None:
        self.scenario = scenario
        self.seed = seed
        self.world = world
        self.stage = Stage(world, scenario)
        self.recorder = Recorder(self.stage)
        world.on_commit.append(self.recorder.committed)
        loop.on_moment = self.recorder.moment

    async def story(self) -> Report:
        await self.world.start()
        self.stage.set_up()
        await self._registered()
        with asked_for("a capacity provider"):
            await provide(self.world, self.scenario)
        self.recorder.begin()
        for service in self.scenario.services:
            with asked_for(f"the service {service.name}"):
                await self.stage.create(service)
        steady = await self._settled()
        marks: list[Mark] = []
        if steady:
            self.recorder.begin()
            marks = await self._happen()
        else:
            self.recorder.say("The services never became steady: nothing else was tried.")
        self.recorder.moment()
        self.recorder.end()
        return Report(
            seed=self.seed,
            steady_at_first=steady,
            ends_s=self.recorder.changed_s,
            marks=tuple(marks),
            entries=tuple(self.recorder.entries),
            books=tuple(self.recorder.books.values()),
            groups=tuple(self.recorder.groups.books.values()),
            verdicts=tuple(self._verdicts()),
        )

    async def _registered(self) -> None:
        """The network is perfect: in a few seconds all have."""
        await asyncio.sleep(REGISTERED_WITHIN_S)
        assert all(agent.connected for agent in self.world.fleet.agents.values())

    async def _settled(self) -> bool:
        """Whether all services became steady, in the words of `aws ecs wait services-stable`."""
        names = [service.name for service in self.scenario.services]
        while self.recorder.now_s - self.recorder.changed_s < STUCK_S:
            await asyncio.sleep(1)
            answer = await self.world.call("DescribeServices", services=names)
            if not pending(answer["services"]):
                return True
        return False

    async def _happen(self) -> list[Mark]:
        happenings, marks = Happenings(self.stage), []
        for happening in sorted(self.scenario.happenings, key=lambda happening: happening.at):
            await asyncio.sleep(max(0.0, happening.at - self.recorder.now_s))
            trouble = is_trouble(happening)
            marks.append(Mark(at_s=self.recorder.now_s, text=told(happening), trouble=trouble))
            self.recorder.say(told(happening))
            with asked_for(told(happening)):
                await happenings.bring_about(happening)
        await self._at_rest(happenings)
        return marks

    async def _at_rest(self, happenings: Happenings) -> None:
        deadline_s = self.recorder.now_s + self.scenario.ends_within
        while self.recorder.now_s < deadline_s:
            await asyncio.sleep(1)
            running = any(d.in_progress for d in self.world.store.state.all(ServiceDeployment))
            rests = not running and not happenings.unfinished and self.recorder.groups.at_rest
            patience_s = QUIET_S if rests else STUCK_S
            if self.recorder.now_s - self.recorder.changed_s >= patience_s:
                return

    def _verdicts(self) -> Iterator[Verdict]:
        state, began_ms = self.world.store.state, self.recorder.began_ms
        deployments = [d for d in state.all(ServiceDeployment) if d.created_at >= began_ms]
        for deployment in sorted(deployments, key=lambda deployment: deployment.created_at):
            revision = state.get(ServiceRevision, deployment.target_revision_arn)
            assert revision is not None
            ended_at = deployment.finished_at or deployment.stopped_at
            yield Verdict(
                service=short_name(deployment.service_arn),
                revision=self.stage.revisions[revision.task_definition_arn],
                status=deployment.status,
                reason=deployment.status_reason or "",
                at_s=(deployment.created_at - began_ms) / 1000,
                took_s=None if ended_at is None else (ended_at - deployment.created_at) / 1000,
            )
