"""`shipway simulate`: play a scenario, or seeds of the swarm."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shipway.cli.options import show
from shipway.cli.pictures import add_pictures, pictures_to
from shipway.deploy.errors import DeployError, UsageError

if TYPE_CHECKING:
    from shipway.simulator.simulation import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", nargs="?", metavar="FILE", help="a scenario; without one: the swarm")
    parser.add_argument("--seed", type=int, help="instead of the file's; of the swarm, the first")
    add_pictures(parser, "the scenario's services")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, counted up from the first")
    parser.add_argument("--transcript", action="store_true", help="print what happened, line by line")


def run(arguments: argparse.Namespace) -> int:
    return run_seeds(arguments) if arguments.scenario is None else run_scenario(arguments)


def run_scenario(arguments: argparse.Namespace) -> int:
    from shipway.cli.scenario_file import read_scenario
    from shipway.simulator.scenarios.play import NotPlayed, play
    from shipway.simulator.scenarios.report import document, text, timelines

    if arguments.seeds != 1 or arguments.transcript:
        raise UsageError("--seeds and --transcript are for the swarm; a scenario has one seed and tells all.")
    scenario = read_scenario(Path(arguments.scenario))
    draw = pictures_to(arguments)
    try:
        report = play(scenario, scenario.seed if arguments.seed is None else arguments.seed)
    except NotPlayed as refusal:
        raise DeployError(f"{arguments.scenario}: {refusal}") from refusal
    draw(timelines(report))
    show(arguments, document(report), text(report))
    return report.exit_code


def run_seeds(arguments: argparse.Namespace) -> int:
    from shipway.simulator.simulation import simulate

    if arguments.svg or arguments.png or arguments.output != "text":
        raise UsageError("--svg, --png and -o are for a scenario: name its file.")

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
