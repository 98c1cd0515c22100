"""A level-triggered loop: a wake-up says "look", never "what". It sleeps until woken or until its own
`wake_at`.

A pass that raises is told in its status and in the log, and is tried again at the next wake-up, or after a
pause that grows; nothing is retried inside a pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from shipway.seams import Clock
from shipway.store import Change

logger = logging.getLogger(__name__)

FAILURE_PAUSE_MS = 200
FAILURE_PAUSE_MAX_MS = 30_000


class PassStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the last pass saw and did, for `shipway local status --loops`."""

    loop: str
    passes: int = 0
    actions: int = 0
    refused: int = 0
    at: int = 0
    took_ms: int = 0
    failures_in_a_row: int = 0
    error: str | None = None


class PassResult(msgspec.Struct, frozen=True):
    """`failure`: what kept a part of the pass from its end; the rest was done."""

    actions: int = 0
    refused: int = 0
    wake_at: int | None = None
    failure: Exception | None = None


class Turn(Protocol):
    """What a loop does. It keeps an agenda: whom to look at, filled by commits and by moments."""

    def look_at_everything(self) -> None:
        """At the start: nothing is known of what happened before."""
        ...

    def hear(self, changes: tuple[Change, ...]) -> bool:
        """A commit's changes. Whether there is something to look at now."""
        ...

    async def __call__(self) -> PassResult:
        """One pass over what is on the agenda."""
        ...


class Loop:
    """Runs one pass at a time. `wake()` may be called from any callback of the event loop's thread."""

    def __init__(self, name: str, clock: Clock, turn: Callable[[], Awaitable[PassResult]]) -> None:
        self.status = PassStatus(loop=name)
        self._clock = clock
        self._turn = turn
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        self._woken.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"loop {self.status.loop}")
        self.wake()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        wake_at: int | None = None
        while True:
            await self._sleep(wake_at)
            self._woken.clear()
            wake_at = await self._pass()

    async def _sleep(self, wake_at: int | None) -> None:
        timeout_s = None if wake_at is None else max(0, wake_at - self._clock.now_ms()) / 1000
        try:
            await asyncio.wait_for(self._woken.wait(), timeout_s)
        except TimeoutError:
            return

    async def _pass(self) -> int | None:
        started = self._clock.now_ms()
        before = self.status
        try:
            result = await self._turn()
        except Exception as failure:
            logger.exception("The %s loop could not finish its pass", before.loop)
            result = PassResult(failure=failure)
        failures = before.failures_in_a_row + 1 if result.failure is not None else 0
        self.status = PassStatus(
            loop=before.loop,
            passes=before.passes + 1,
            actions=before.actions + result.actions,
            refused=before.refused + result.refused,
            at=started,
            took_ms=self._clock.now_ms() - started,
            failures_in_a_row=failures,
            error=repr(result.failure) if result.failure is not None else None,
        )
        if not failures:
            return result.wake_at
        again_at = started + int(min(FAILURE_PAUSE_MAX_MS, FAILURE_PAUSE_MS * 2.0 ** min(failures, 16)))
        return min(again_at, result.wake_at or again_at)
