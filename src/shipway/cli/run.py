"""`shipway run`."""

from __future__ import annotations

import argparse

from shipway.cli.options import choices, show
from shipway.cli.task_options import add_task_options, task_choices

# The container's own exit codes are below; this one says that the failure is ours.
FAILURE_CODE = 125


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_task_options(parser)
    parser.add_argument("--task", metavar="NAME", help="a task under tasks: in shipway.yml")
    parser.add_argument(
        "-d",
        "--detach",
        "--no-wait",
        dest="wait",
        action="store_false",
        help="do not wait for its end: say how to see and stop it",
    )
    parser.add_argument("--count", type=int, default=None)
    parser.add_argument("--launch-type", choices=("EC2", "FARGATE", "EXTERNAL"))


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_session, open_tools
    from shipway.deploy.task_verbs import run_task

    session = open_session(choices(arguments), service_needed=False)
    with open_tools() as tools:
        outcome = run_task(session, tools, task_choices(arguments))
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
