"""`shipway prune`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--family", metavar="NAME", help="instead of the service's")
    parser.add_argument("--keep", type=int, default=10, metavar="N", help="the newest to keep (default 10)")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")


def run(arguments: argparse.Namespace) -> int:
    import sys

    from shipway.deploy.opening import open_session, open_tools
    from shipway.deploy.pruning import family_of, prune, pruning
    from shipway.deploy.services import confirm

    session = open_session(choices(arguments), service_needed=not arguments.family)
    plan = pruning(session.aws, family_of(session, arguments.family), max(arguments.keep, 0))
    removes = bool(plan.remove) and not arguments.dry_run
    if removes and not arguments.yes:
        print(plan.text(), file=sys.stderr)
        confirm(f"Deregister {len(plan.remove)} task definitions?")
    if removes:
        with open_tools() as tools:
            prune(session.aws, plan, tools)
    document = {"removed": list(plan.remove), "kept": dict(plan.keep), "dryRun": arguments.dry_run}
    show(arguments, document, plan.text())
    return 0
