"""`shipway logs`."""

from __future__ import annotations

import argparse
from typing import Any

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on until Ctrl-C; with -o json, a document per line"
    )
    parser.add_argument("--since", metavar="DURATION", default="10m", help="how far back (default 10m)")
    parser.add_argument("--container", metavar="NAME", help="only this container")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.edge.log_lines import LogLines, line_document
    from shipway.deploy.opening import open_session, open_tools, seconds
    from shipway.deploy.services import LogChoice, stream_logs

    session = open_session(choices(arguments))
    with open_tools() as tools:
        since_ms = tools.pace.now_ms() - int(seconds(arguments.since) * 1000)
        choice = LogChoice(arguments.container, since_ms, arguments.follow)
        if arguments.output == "json" and not arguments.follow:
            lines: list[dict[str, Any]] = []
            stream_logs(
                session.aws,
                session.service,
                choice,
                tools,
                lambda place, event: lines.append(line_document(place, event)),
            )
            show(arguments, lines, "")
        else:
            emit = LogLines(with_task=True, to_json=arguments.output == "json")
            stream_logs(session.aws, session.service, choice, tools, emit)
    return 0
