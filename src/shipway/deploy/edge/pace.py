"""Time as a watch needs it: the moment, and a pause until the next look."""

from __future__ import annotations

import random
import time
from typing import Protocol


class Pace(Protocol):
    """The clock of a watch."""

    def now_ms(self) -> int:
        """The present moment in epoch milliseconds."""
        ...

    def pause(self, seconds: float) -> None:
        """Let this much time go by."""
        ...

    def chance(self) -> float:
        """Between 0 and 1, another one each time: so that many who wait do not come back all at once."""
        ...


class RealPace:
    """The machine's own time."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def chance(self) -> float:
        return random.random()
