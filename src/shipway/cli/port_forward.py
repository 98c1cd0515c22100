"""`shipway port-forward`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    parser.add_argument("--task", metavar="ID", help="instead of the service's task that started last")
    parser.add_argument("--container", metavar="NAME", help="needed where a task has several")
    parser.add_argument(
        "ports",
        metavar="[LOCAL:]REMOTE",
        help="8080:80; 80 is the same at both ends, :80 any free port here",
    )
    parser.epilog = "Ctrl-C ends it. Tasks must run with ECS Exec (enableExecuteCommand)."


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.edge.data_channel import hold_session
    from shipway.deploy.execute_command import find_place
    from shipway.deploy.opening import open_session, open_tools
    from shipway.deploy.port_forward import Forwarding, ports_of

    ports = ports_of(arguments.ports)
    session = open_session(choices(arguments), service_needed=arguments.task is None)
    with open_tools() as tools:
        place = find_place(session.aws, session.service, arguments.task, arguments.container)
        forwarding = Forwarding(session.aws, place, ports, hold_session, tools.progress.say)
        tools.progress.say(f"{forwarding.text}; Ctrl-C ends it")
        try:
            forwarding.serve()
        except KeyboardInterrupt:
            tools.progress.say(f"{forwarding.connections} connections were forwarded")
    show(arguments, forwarding.as_document(), "")
    return 0
