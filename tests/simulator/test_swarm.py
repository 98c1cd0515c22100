"""Swarm testing: each seed draws its own mix of features and faults, and every promise holds in all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shipway.cli.main import main
from shipway.cli.simulate import failure_text
from shipway.simulator.simulation import simulate

ROOT = Path(__file__).parent.parent.parent
SEEDS = 300
BATCH = 20


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_every_seed_holds(first: int) -> None:
    """Safety at every commit; rest, and agreement of state and world, after healing."""
    for seed in range(first, first + BATCH):
        outcome = simulate(seed, tell=False)
        assert not outcome.failure, failure_text(outcome)


def test_a_seed_replays_exactly() -> None:
    """The same commits at the same moments, also in another process with another order of sets."""
    first = simulate(11).transcript
    assert simulate(11).transcript.text == first.text
    code = "from shipway.simulator.simulation import simulate; print(simulate(11).transcript.digest)"
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == first.digest


def test_the_command_tells_of_its_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    """And prints what happened when asked."""
    assert main(["simulate", "--seed", "3", "--seeds", "2"]) == 0
    assert capsys.readouterr().out.startswith("Seeds 3 to 4 held: ")
    assert main(["simulate", "--seed", "3", "--transcript"]) == 0
    assert "has reached a steady state" in capsys.readouterr().out
