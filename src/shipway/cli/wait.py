"""`shipway wait`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, add_watch, choices, event_stream, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_watch(parser)
    parser.add_argument(
        "what",
        nargs="?",
        metavar="ARN|SERVICE",
        help="a service deployment's ARN; or a service, whose newest deployment is meant",
    )


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import named, open_session, open_tools, seconds
    from shipway.deploy.steering import Steering, wait

    chosen, arn = named(choices(arguments), arguments.what)
    session = open_session(chosen)
    with open_tools(event_stream(arguments)) as tools:
        # Whoever only waits changes nothing.
        steering = Steering(timeout_s=seconds(arguments.timeout), fail_fast="end")
        outcome = wait(session.aws, session.service, tools, steering, arn)
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
