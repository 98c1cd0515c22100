"""`shipway lock`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--reason", metavar="TEXT", default="", help="what others are told")
    parser.add_argument("--for", dest="duration", metavar="DURATION", help="the lock ends by itself then")
    parser.add_argument("--status", action="store_true", help="only look whether it is locked, and by whom")
    parser.epilog = "Nobody deploys the service with Shipway until `shipway unlock`, you neither."


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_services, open_tools, seconds
    from shipway.deploy.releasing.lock_verbs import lock_by_hand, lock_status
    from shipway.deploy.releasing.one_service import lock_wish

    aws, names = open_services(choices(arguments))
    with open_tools() as tools:
        if arguments.status:
            report = lock_status(aws, names, tools)
        else:
            for_s = seconds(arguments.duration) if arguments.duration else None
            report = lock_by_hand(aws, names, lock_wish(arguments.reason), tools, for_s)
    show(arguments, report.as_document(), report.text())
    return 0
