"""`shipway restart`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_steering, choices, event_stream, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_steering(parser)


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.adjusting import restart
    from shipway.deploy.opening import open_session, open_tools, seconds
    from shipway.deploy.steering import Steering

    session = open_session(choices(arguments))
    steering = Steering(wait=not arguments.no_wait, timeout_s=seconds(arguments.timeout))
    with open_tools(event_stream(arguments)) as tools:
        outcome = restart(session.aws, session.service, tools, steering)
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
