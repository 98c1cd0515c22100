"""`shipway history`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("-n", "--count", type=int, default=10, help="how many deployments (default 10)")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.looking import history
    from shipway.deploy.opening import open_session

    session = open_session(choices(arguments))
    found = history(session.aws, session.service, max(arguments.count, 1))
    show(arguments, found.as_document(), found.text())
    return 0
