"""`shipway tasks`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--all", action="store_true", help="of the whole cluster, one-off tasks too")
    parser.add_argument("--stopped", action="store_true", help="also those that stopped within the last hour")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.looking import tasks
    from shipway.deploy.opening import open_session

    session = open_session(choices(arguments), service_needed=not arguments.all)
    found = tasks(session.aws, None if arguments.all else session.service, stopped=arguments.stopped)
    show(arguments, list(found.tasks), found.text())
    return 0
