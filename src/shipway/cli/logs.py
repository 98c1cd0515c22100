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
    moment = "a duration before now, or a moment such as 2026-11-26T12:00 (UTC)"
    parser.add_argument("--since", metavar="WHEN", default="10m", help=f"{moment} (default 10m)")
    parser.add_argument("--until", metavar="WHEN", help=f"up to when: {moment}")
    parser.add_argument("--grep", metavar="REGEX", help="only lines in which this is found")
    parser.add_argument("--container", metavar="NAME", help="only this container")
    parser.add_argument(
        "--task", metavar="ID", help="only this task, which need not be a service's: its id or the beginning"
    )


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.edge.log_lines import LogLines, line_document
    from shipway.deploy.edge.logs import Between
    from shipway.deploy.opening import moment_ms, open_session, open_tools
    from shipway.deploy.service_logs import LogChoice, pattern, stream_logs

    grep = pattern(arguments.grep)
    session = open_session(choices(arguments), service_needed=not arguments.task)
    with open_tools() as tools:
        now_ms = tools.pace.now_ms()
        until_ms = moment_ms(arguments.until, now_ms) if arguments.until else None
        between = Between(moment_ms(arguments.since, now_ms), until_ms)
        choice = LogChoice(arguments.container, arguments.task, between, grep, arguments.follow)
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
