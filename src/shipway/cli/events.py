"""`shipway events`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shipway.cli.options import add_target, choices, plain, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on until Ctrl-C; with -o json, a document per line"
    )
    parser.add_argument("--since", metavar="DURATION", help="how far back (ECS keeps the last 100)")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.looking import stream_events
    from shipway.deploy.opening import open_session, open_tools, seconds
    from shipway.deploy.planning.moments import second

    found: list[dict[str, Any]] = []

    def emit(event: dict[str, Any]) -> None:
        if arguments.output == "json" and not arguments.follow:
            found.append(event)
        elif arguments.output == "json":
            print(json.dumps(event, default=plain), flush=True)
        else:
            print(f"{second(event.get('createdAt'))} {event.get('message')}".strip(), flush=True)

    session = open_session(choices(arguments))
    with open_tools() as tools:
        since_ms = tools.pace.now_ms() - int(seconds(arguments.since) * 1000) if arguments.since else None
        stream_events(session.aws, session.service, since_ms, tools, emit, follow=arguments.follow)
    if arguments.output == "json" and not arguments.follow:
        show(arguments, found, "")
    return 0
