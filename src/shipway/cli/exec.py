"""`shipway exec`."""

from __future__ import annotations

import argparse
from typing import Any

from shipway.cli.options import add_target, choices, show

# The command's own exit codes are below; this one says that the failure is ours.
FAILURE_CODE = 125


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--task", metavar="ID", help="instead of the service's task that started last")
    parser.add_argument("--container", metavar="NAME", help="needed where a task has several")
    parser.add_argument(
        "command", nargs="*", metavar="COMMAND", help="after --: the command (default: /bin/sh)"
    )
    parser.epilog = (
        "Exit code: the command's own, 125 when it could not be run; 0 where the session tells none "
        "(Amazon's older agents)."
    )


def run(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from shipway.deploy.edge.console import PipeConsole, TerminalConsole, on_a_terminal, raw_terminal
    from shipway.deploy.edge.data_channel import SessionEnd, hold_session
    from shipway.deploy.execute_command import execute, find_place
    from shipway.deploy.opening import open_session

    session = open_session(choices(arguments), service_needed=arguments.task is None)
    place = find_place(session.aws, session.service, arguments.task, arguments.container)
    kept = PipeConsole(keep=arguments.output == "json")

    def hold(opened: dict[str, Any]) -> SessionEnd:
        if arguments.output == "json" or not on_a_terminal():
            return hold_session(opened, kept)
        with raw_terminal():
            return hold_session(opened, TerminalConsole())

    executed = execute(session.aws, place, tuple(arguments.command), hold)
    if arguments.output == "json":
        executed = replace(executed, output=kept.text())
    show(arguments, executed.as_document(), "")
    return executed.exit_code or 0
