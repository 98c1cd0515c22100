"""`shipway scale`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_steering, choices, event_stream, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_steering(parser)
    parser.add_argument("count", type=task_count, metavar="N", help="how many tasks, 0 or more")


def task_count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tasks, which is 0 or more.")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.adjusting import scale
    from shipway.deploy.opening import open_session, open_tools, seconds
    from shipway.deploy.steering import Steering

    session = open_session(choices(arguments))
    steering = Steering(wait=not arguments.no_wait, timeout_s=seconds(arguments.timeout))
    with open_tools(event_stream(arguments)) as tools:
        outcome = scale(session.aws, session.service, arguments.count, tools, steering)
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
