"""`shipway unlock`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--force", action="store_true", help="also a lock that somebody else holds")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.edge.person import owner
    from shipway.deploy.opening import open_services, open_tools
    from shipway.deploy.releasing.lock_verbs import unlock

    aws, names = open_services(choices(arguments))
    with open_tools() as tools:
        report = unlock(aws, names, owner(), tools, force=arguments.force)
    show(arguments, report.as_document(), report.text())
    return 0
