"""`shipway why`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from shipway.cli.options import add_target, choices, show

if TYPE_CHECKING:
    from shipway.deploy.edge.aws import Aws


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument(
        "task", nargs="?", help="a task's id, the beginning of it, or its ARN (default: the service)"
    )
    parser.add_argument(
        "--all", action="store_true", help="the whole cluster: services that are not well, the worst first"
    )


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.errors import UsageError
    from shipway.deploy.opening import open_session
    from shipway.deploy.planning.post_mortem import as_document, render
    from shipway.deploy.services import why_service, why_task

    if arguments.all and arguments.task:
        raise UsageError("--all is about the whole cluster; leave the task out.")
    whole = arguments.all or arguments.task is not None
    session = open_session(choices(arguments), service_needed=not whole)
    if arguments.all:
        return _of_cluster(arguments, session.aws)
    if arguments.task:
        post_mortem = why_task(session.aws, arguments.task)
    else:
        post_mortem = why_service(session.aws, session.service)
    document = {
        "findings": as_document(post_mortem),
        "changes": list(post_mortem.changes),
        "unread": list(post_mortem.unread),
    }
    show(arguments, document, render(post_mortem))
    return 0


def _of_cluster(arguments: argparse.Namespace, aws: Aws) -> int:
    from shipway.deploy.cluster_look import why_cluster

    found = why_cluster(aws)
    show(arguments, found.as_document(), found.text())
    return 0
