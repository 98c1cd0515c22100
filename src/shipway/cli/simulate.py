"""`shipway simulate`."""

from __future__ import annotations

import argparse
import secrets
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipway.simulator.simulation import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, help="the seed to begin with; the default is drawn")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, counted up from the first")
    parser.add_argument("--transcript", action="store_true", help="print what happened, line by line")


def run(arguments: argparse.Namespace) -> int:
    from shipway.simulator.simulation import simulate

    first = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    simulated_s = 0.0
    for seed in range(first, first + arguments.seeds):
        outcome = simulate(seed, tell=arguments.transcript)
        simulated_s += outcome.simulated_s
        if arguments.transcript:
            print(outcome.transcript.text)
        if outcome.failure:
            print(failure_text(outcome), file=sys.stderr)
            return 1
        if sys.stderr.isatty():
            print(f"\r{seed - first + 1} of {arguments.seeds} seeds", end="", file=sys.stderr, flush=True)
    last = first + arguments.seeds - 1
    which = f"Seed {first}" if arguments.seeds == 1 else f"Seeds {first} to {last}"
    print(f"{which} held: {simulated_s / 3600:.1f} simulated hours.")
    return 0


def failure_text(outcome: Outcome) -> str:
    """What failed, in which world, and how to see it again."""
    from shipway import __version__

    return (
        f"seed {outcome.seed} failed after {outcome.simulated_s:.1f} simulated seconds and "
        f"{outcome.commits} commits:\n{outcome.failure}\n"
        f"options: {outcome.options.text()}\n"
        f"again, with Shipway {__version__}: shipway simulate --seed {outcome.seed} --transcript"
    )
