"""`shipway rollback`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, add_watch, choices, event_stream, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_watch(parser)
    parser.add_argument(
        "revision",
        nargs="?",
        metavar="REVISION",
        help="7, web:7, an ARN of a task definition or service revision (default: the last that succeeded)",
    )


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_session, open_tools, seconds
    from shipway.deploy.services import rollback

    session = open_session(choices(arguments))
    with open_tools(event_stream(arguments)) as tools:
        outcome = rollback(
            session.aws, session.service, tools, seconds(arguments.timeout), arguments.revision
        )
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
