"""A clock that stands still unless moved, and a local ECS without Docker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.simulated import Simulated


class StandingClock:
    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def shipway(tmp_path: Path) -> Iterator[Simulated]:
    command_line = Simulated(tmp_path / "data")
    yield command_line
    for client in command_line.clients:
        client.close()
    command_line("local", "down")
