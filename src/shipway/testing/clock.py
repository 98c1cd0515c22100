"""The clock of a test's ECS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from shipway.testing.served_world import ServedWorld
from shipway.testing.stepped_loop import SteppedLoop


class StillPending(Exception):
    """What was waited for did not come."""


class RealClock(Exception):
    """This ECS goes by the machine's clock, which nobody can move."""


class Clock:
    """Stands still, unless it was asked to be the real one."""

    def __init__(self, served: ServedWorld) -> None:
        self._served = served

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._served.world.clock.now_ms() / 1000, UTC)

    def advance(self, seconds: float) -> None:
        """Lives through so much time: everything that is due by then has happened afterwards."""
        self._served.run(self._stepped().advance(seconds))

    def advance_until(self, condition: Callable[[], bool], within_s: float = 3600.0) -> float:
        """From one moment at which something is due to the next, until the condition holds.

        Returns after how many seconds it did; after more than `within_s` it raises StillPending.
        """
        stepped, passed_s = self._stepped(), 0.0
        while not condition():
            if passed_s >= within_s:
                raise StillPending(f"The condition did not hold within {within_s:g} s.")
            passed_s += self._served.run(stepped.advance_to_next(within_s - passed_s))
        return passed_s

    def _stepped(self) -> SteppedLoop:
        if self._served.stepped is None:
            raise RealClock('Use local_ecs(clock="frozen") to move the clock.')
        return self._served.stepped
