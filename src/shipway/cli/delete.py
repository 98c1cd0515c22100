"""`shipway delete`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--delete-cluster", action="store_true", help="delete the cluster too")
    parser.add_argument(
        "--delete-load-balancer",
        action="store_true",
        help="delete the load balancer that shipway.yml's load_balancer block made",
    )
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.observe import required_service
    from shipway.deploy.opening import open_session, open_tools
    from shipway.deploy.services import confirm, delete, delete_too

    session = open_session(choices(arguments))
    too = delete_too(
        session.application,
        delete_load_balancer=arguments.delete_load_balancer,
        delete_cluster=arguments.delete_cluster,
    )
    required_service(session.aws, session.service)
    if not arguments.yes:
        confirm(f"Delete the service {session.service} on {session.aws.ecs.cluster} and stop its tasks?")
    with open_tools() as tools:
        deleted = delete(session.aws, session.service, tools, too)
    show(arguments, {"deleted": list(deleted.removed), "stillThere": list(deleted.kept)}, deleted.text())
    return 0
