"""`shipway reject`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_steering, choices, event_stream, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_steering(parser)
    parser.add_argument("--hook", metavar="ID", help="the hook to answer, where several wait")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_session, open_tools, seconds
    from shipway.deploy.steering import Steering, reject

    session = open_session(choices(arguments))
    steering = Steering(arguments.hook, not arguments.no_wait, seconds(arguments.timeout))
    with open_tools(event_stream(arguments)) as tools:
        outcome = reject(session.aws, session.service, tools, steering)
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
