"""A clock that stands still unless moved."""

from __future__ import annotations

import pytest


class StandingClock:
    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()
