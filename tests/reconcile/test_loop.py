"""The loop: wakes when told or when its moment comes, one pass at a time, failures told and tried again."""

from __future__ import annotations

import asyncio

from shipway.reconcile.loop import Loop, PassResult
from shipway.seams import SystemClock


class Turns:
    """Counts passes; each waits for leave, and answers what it was told to answer."""

    def __init__(self, *answers: PassResult | Exception) -> None:
        self.answers = list(answers)
        self.begun = asyncio.Event()
        self.count = 0

    async def __call__(self) -> PassResult:
        self.count += 1
        self.begun.set()
        answer = self.answers.pop(0) if self.answers else PassResult()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def next(self) -> None:
        await asyncio.wait_for(self.begun.wait(), 10)
        self.begun.clear()


async def test_a_wake_up_makes_one_pass() -> None:
    """The loop passes once at its start and once for any number of wake-ups that come while it sleeps."""
    turns = Turns()
    loop = Loop("services", SystemClock(), turns)
    await loop.start()
    await turns.next()
    await asyncio.sleep(0)
    for _ in range(5):
        loop.wake()
    await turns.next()
    await asyncio.sleep(0)
    assert turns.count == 2
    await loop.stop()


async def test_the_plans_own_moment_wakes_it() -> None:
    """A pass that names a moment is followed by another one then, with nobody waking the loop."""
    clock = SystemClock()
    turns = Turns(PassResult(wake_at=clock.now_ms() + 20))
    loop = Loop("services", clock, turns)
    await loop.start()
    await turns.next()
    await turns.next()
    assert turns.count == 2
    await loop.stop()


async def test_a_failed_pass_is_told_and_tried_again() -> None:
    """A pass that raises shows in the status, the next one comes by itself, and success clears it."""
    turns = Turns(RuntimeError("disk"), PassResult(actions=3))
    loop = Loop("targets", SystemClock(), turns)
    await loop.start()
    await turns.next()
    await asyncio.sleep(0)
    assert loop.status.error == "RuntimeError('disk')"
    await turns.next()
    await asyncio.sleep(0)
    assert loop.status.error is None
    assert (loop.status.passes, loop.status.actions) == (2, 3)
    await loop.stop()
