"""Parts: started in order, stopped in reverse, started again when one dies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from shipway.local.supervisor import Part, Supervised, Supervisor
from tests.local.conftest import StandingClock


class Immortal:
    def __init__(self, name: str, story: list[str], fails: bool = False) -> None:
        self.name = name
        self._story = story
        self._fails = fails

    async def start(self) -> None:
        self._story.append(f"start {self.name}")
        if self._fails:
            raise RuntimeError(f"{self.name} cannot start")

    async def stop(self) -> None:
        self._story.append(f"stop {self.name}")


class Mayfly:
    """Dies whenever it is told to; may refuse to start again for a while."""

    name = "mayfly"

    def __init__(self) -> None:
        self.starts = 0
        self.refusals = 0
        self.death = asyncio.Event()

    async def start(self) -> None:
        self.starts += 1
        if self.starts > 1 and self.refusals:
            self.refusals -= 1
            raise RuntimeError("the port is taken")
        self.death.clear()

    async def stop(self) -> None:
        pass

    async def died(self) -> str:
        await self.death.wait()
        return "mayfly ended with exit code 1: evening"


async def test_parts_start_in_order_and_stop_in_reverse(clock: StandingClock) -> None:
    """What was started last may need what was started first, so it goes first."""
    story: list[str] = []
    parts: list[Part] = [Immortal(name, story) for name in "abc"]
    supervisor = Supervisor(parts, clock)
    await supervisor.start()
    assert [status.state for status in supervisor.statuses()] == ["running"] * 3
    await supervisor.stop()
    assert story == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]


async def test_one_that_cannot_start_takes_the_others_down(clock: StandingClock) -> None:
    """Nothing half-started stays behind."""
    story: list[str] = []
    supervisor = Supervisor(
        [Immortal("a", story), Immortal("b", story, fails=True), Immortal("c", story)], clock
    )
    with pytest.raises(RuntimeError, match="b cannot start"):
        await supervisor.start()
    assert story == ["start a", "start b", "stop b", "stop a"]


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def pause(pauses: list[float]) -> Callable[[float], Awaitable[None]]:
    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    return note


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - each turn of the event loop is looked at
            await asyncio.sleep(0)


def restarted(supervised: Supervised, before: int) -> bool:
    return supervised.status.restarts == before + 1


async def test_the_dead_are_started_again_with_growing_pauses(
    clock: StandingClock, pauses: list[float], pause: Callable[[float], Awaitable[None]]
) -> None:
    """Each failure doubles the pause; the status counts restarts and keeps the last words."""
    mayfly = Mayfly()
    mayfly.refusals = 3
    supervised = Supervised(mayfly, clock, pause)
    await supervised.start()
    mayfly.death.set()
    await until(lambda: supervised.status.restarts == 1)
    assert pauses == [0.5, 1.0, 2.0, 4.0]
    assert supervised.status.state == "running"
    assert supervised.status.last_words == "the port is taken"
    await supervised.stop()


async def test_a_long_life_is_forgiven(
    clock: StandingClock, pauses: list[float], pause: Callable[[float], Awaitable[None]]
) -> None:
    """Who dies at once pauses longer; who lived for more than a minute is started quickly again."""
    mayfly = Mayfly()
    supervised = Supervised(mayfly, clock, pause)
    await supervised.start()
    for lived_ms in (0, 0, 61_000):
        restarts = supervised.status.restarts
        clock.ms += lived_ms
        mayfly.death.set()
        await until(partial(restarted, supervised, restarts))
    assert pauses == [0.5, 1.0, 0.5]
    await supervised.stop()
    assert supervised.status.state == "stopped"
