"""An event loop with real sockets whose time stands still until somebody moves it on.

Sockets and threads are served as ever; timers are not, until `advance` reaches their moment. Then each moment
is lived through in its turn, as on the simulator's loop. The loop is at rest when nothing is ready and no
timer is due any more; `at_rest` waits for that.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import selectors
from typing import Any


class Patient(selectors.DefaultSelector):
    """Waits for sockets and for other threads, never for a timer of a clock that stands still."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout else timeout)


class SteppedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._moment_s = 0.0
        self._until_s = 0.0
        self._resting: list[asyncio.Future[None]] = []
        self._self: Any = self  # asyncio's queues of what is ready and what is scheduled are not in its types
        super().__init__(Patient())

    def time(self) -> float:
        return self._moment_s

    async def at_rest(self) -> None:
        """Returns when everything has happened that is due."""
        rest: asyncio.Future[None] = self.create_future()
        self._resting.append(rest)
        await rest

    async def advance(self, seconds: float) -> None:
        """Lives through so much time, and rests."""
        self._until_s = max(self._until_s, self._moment_s + seconds)
        await self.at_rest()

    async def advance_to_next(self, most_s: float) -> float:
        """To the next moment at which a timer is due, at most so far. Returns how far that was."""
        began_s = self._moment_s
        await self.advance(min(most_s, max(0.0, self._next_s() - began_s)))
        return self._moment_s - began_s

    def _run_once(self) -> None:
        if not self._self._ready:
            self._go_on_or_rest()
        super()._run_once()  # type: ignore[misc]

    def _go_on_or_rest(self) -> None:
        next_s = self._next_s()
        if next_s <= self._moment_s:
            return  # asyncio runs what is due
        if next_s <= self._until_s:
            self._moment_s = next_s
            return
        self._moment_s = self._until_s
        resting, self._resting = self._resting, []
        for rest in resting:
            if not rest.done():
                rest.set_result(None)

    def _next_s(self) -> float:
        timers = self._self._scheduled
        while timers and timers[0].cancelled():
            timer = heapq.heappop(timers)
            timer._scheduled = False
            self._self._timer_cancelled_count -= 1
        return float(timers[0].when()) if timers else math.inf
