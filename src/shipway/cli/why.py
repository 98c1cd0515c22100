"""`shipway why`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument(
        "task", nargs="?", help="a task's id, the beginning of it, or its ARN (default: the service)"
    )


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_session
    from shipway.deploy.planning.post_mortem import as_document, render
    from shipway.deploy.services import why_service, why_task

    session = open_session(choices(arguments), service_needed=arguments.task is None)
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
