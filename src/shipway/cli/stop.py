"""`shipway stop`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("task", help="the task's id, the beginning of it, or its ARN")
    parser.add_argument("--reason", default="Stopped with shipway stop")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.one_off import stop
    from shipway.deploy.opening import open_session

    session = open_session(choices(arguments), service_needed=False)
    task = stop(session.aws, arguments.task, arguments.reason)
    name = str(task.get("taskArn", arguments.task)).rsplit("/", 1)[-1]
    stopped = task.get("lastStatus") == "STOPPED"
    show(arguments, task, f"task {name} has stopped already" if stopped else f"stopping task {name}")
    return 0
