"""`shipway deregister`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("revisions", nargs="+", metavar="FAMILY:REVISION")
    parser.add_argument("--force", action="store_true", help="even what a service or task uses")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_session, open_tools
    from shipway.deploy.pruning import deregister

    session = open_session(choices(arguments), service_needed=False)
    with open_tools() as tools:
        done = deregister(session.aws, arguments.revisions, tools, force=arguments.force)
    show(arguments, {"deregistered": done}, "")
    return 0
