"""`shipway logs`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument("--since", metavar="DURATION", default="10m", help="how far back (default 10m)")
    parser.add_argument("--container", metavar="NAME", help="only this container")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.edge.log_lines import LogLines
    from shipway.deploy.opening import open_session, open_tools, seconds
    from shipway.deploy.services import LogChoice, stream_logs

    session = open_session(choices(arguments))
    with open_tools() as tools:
        since_ms = tools.pace.now_ms() - int(seconds(arguments.since) * 1000)
        choice = LogChoice(arguments.container, since_ms, arguments.follow)
        emit = LogLines(with_task=True, to_json=arguments.output == "json")
        stream_logs(session.aws, session.service, choice, tools, emit)
    return 0
