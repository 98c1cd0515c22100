"""`shipway simulate`."""

from __future__ import annotations

import argparse
import secrets
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, help="the seed to begin with; the default is drawn")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, counted up from the first")
    parser.add_argument("--transcript", action="store_true", help="print what happened, line by line")


def run(arguments: argparse.Namespace) -> int:
    from shipway import __version__
    from shipway.simulator.simulation import simulate

    first = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    for seed in range(first, first + arguments.seeds):
        outcome = simulate(seed)
        if arguments.transcript or outcome.failure:
            print(outcome.transcript.text)
        if outcome.failure:
            print(f"seed {seed} failed: {outcome.failure}", file=sys.stderr)
            print(f"again, with shipway {__version__}: shipway simulate --seed {seed}", file=sys.stderr)
            return 1
    print(f"{arguments.seeds} seeds from {first} on held.")
    return 0
