"""`shipway start`."""

from __future__ import annotations

import argparse

from shipway.cli.options import choices, show
from shipway.cli.task_options import add_task_options, task_choices

# The container's own exit codes are below; this one says that the failure is ours.
FAILURE_CODE = 125


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_task_options(parser)
    parser.add_argument(
        "--instance",
        metavar="ID",
        action="append",
        required=True,
        help="a container instance: its id or the beginning of it, its ARN, or its EC2 instance's id; "
        "may be given several times",
    )
    parser.add_argument("--wait", action="store_true", help="wait for its end and show its logs")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_session, open_tools
    from shipway.deploy.task_verbs import start_task

    session = open_session(choices(arguments), service_needed=False)
    with open_tools() as tools:
        outcome = start_task(session, tools, task_choices(arguments))
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
