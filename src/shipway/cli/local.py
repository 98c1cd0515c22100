"""`shipway local ...`: an ECS on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from shipway.deploy.errors import DeployError, UsageError

if TYPE_CHECKING:
    from shipway.local.down import Ended
    from shipway.local.reset import Emptied
    from shipway.local.up import Running

Arguments = argparse.Namespace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="verbs", dest="local_verb", metavar="VERB", required=True)

    up = _verb(verbs, "up", "start local ECS; say where it answers", _up)
    up.add_argument(
        "--instances", type=int, metavar="N", help="container instances for each cluster (default 3)"
    )
    up.add_argument(
        "--port", type=int, metavar="P", help="of the endpoint; the registry takes the next (default 4700)"
    )
    up.add_argument("--region", help="default us-east-1")
    up.add_argument("--cpu", type=int, metavar="UNITS", help="that each instance registers (1024 a core)")
    up.add_argument("--memory", type=int, metavar="MIB", help="that each instance registers")
    up.add_argument(
        "--speed", type=float, metavar="N", help="make waits (drain, bake, pauses) N times shorter"
    )
    up.add_argument(
        "--engine",
        choices=("docker", "simulated"),
        help="what containers are; simulated ones need no Docker (default docker; kept with the data)",
    )
    up.add_argument(
        "--ephemeral", action="store_true", help="keep nothing: a temporary folder, removed at `down`"
    )
    up.add_argument("--foreground", action="store_true", help="stay in this terminal until Ctrl-C")

    _verb(verbs, "down", "end processes and task containers; the data stays", _down)

    status = _verb(verbs, "status", "what runs, and every URL", _status)
    status.add_argument("--loops", action="store_true", help="also what each loop's last pass did")

    env = _verb(verbs, "env", 'point AWS tools at local ECS: eval "$(shipway local env)"', _env)
    env.add_argument("--shell", choices=("sh", "fish", "powershell"), default="sh")

    logs = _verb(verbs, "logs", "the logs of local ECS itself (not of tasks)", _logs)
    logs.add_argument(
        "-f", "--follow", action="store_true", help="go on until Ctrl-C; with -o json, a document per line"
    )
    logs.add_argument(
        "-n", "--lines", type=int, default=50, metavar="N", help="last lines of each (default 50)"
    )

    reset = _verb(verbs, "reset", "down, and remove all data, images too", _reset)
    reset.add_argument(
        "--keep-running", action="store_true", help="empty it as it runs, without `down`; images stay"
    )
    reset.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: Arguments) -> int:
    from shipway.local.errors import LocalError

    verb: Callable[[Arguments], int] = arguments.local_run
    try:
        return verb(arguments)
    except LocalError as error:
        raise DeployError(str(error), exit_code=error.exit_code) from error


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    function: Callable[[Arguments], int],
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(local_run=function)
    parser.add_argument(
        "--data", metavar="DIR", help="the data folder (default $SHIPWAY_DATA or ~/.local/share/shipway)"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    return parser


def _up(arguments: Arguments) -> int:
    from shipway.local import up

    options = up.UpOptions(
        data=arguments.data,
        ephemeral=arguments.ephemeral,
        port=arguments.port,
        instances=arguments.instances,
        region=arguments.region,
        cpu=arguments.cpu,
        memory_mib=arguments.memory,
        speed=arguments.speed,
        engine=arguments.engine,
    )
    say = partial(_print_where, arguments.output, arguments.data)
    if arguments.foreground:
        up.run_in_foreground(options, os.environ, say)
        return 0
    say(up.start(options, os.environ))
    return 0


def _print_where(output: str, data: str | None, running: Running) -> None:
    from shipway.local.up_text import render_running, running_document

    if output == "json":
        _print_document(running_document(running))
    else:
        print(render_running(running, data), end="", flush=True)


def _down(arguments: Arguments) -> int:
    from shipway.local import down

    return _print_ended(down.stop(arguments.data, os.environ), arguments.output)


def _reset(arguments: Arguments) -> int:
    from shipway.local import down
    from shipway.local.folder import find_folder
    from shipway.local.reset import empty

    path = find_folder(arguments.data, os.environ).path
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise UsageError(f"This removes all data in {path}. Say so with --yes.")
        what = "services, tasks, logs" if arguments.keep_running else "services, logs, images"
        question = f"Remove all data in {path}: {what}? [y/N] "
        print(question, end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise DeployError("Nothing was removed.")
    if arguments.keep_running:
        return _print_emptied(empty(arguments.data, os.environ), arguments.output)
    return _print_ended(down.stop(arguments.data, os.environ, reset=True), arguments.output)


def _print_emptied(emptied: Emptied, output: str) -> int:
    from shipway.local.reset import render_emptied

    _print_document(emptied) if output == "json" else print(render_emptied(emptied), end="")
    return 0


def _print_ended(ended: Ended, output: str) -> int:
    from shipway.local.up_text import render_ended

    _print_document(ended) if output == "json" else print(render_ended(ended), end="")
    return 0


def _status(arguments: Arguments) -> int:
    from shipway.local.status import read_status
    from shipway.local.status_text import render_status

    status = read_status(arguments.data, os.environ)
    if arguments.output == "json":
        _print_document(status)
    else:
        print(render_status(status, arguments.loops), end="")
    return 0 if status.running else 1


def _env(arguments: Arguments) -> int:
    from shipway.local.folder import find_folder
    from shipway.local.shell import render_environment, variables
    from shipway.local.status_text import NOT_RUNNING

    folder = find_folder(arguments.data, os.environ)
    endpoint = folder.read_endpoint() if folder.running_pid() else None
    if endpoint is None:
        raise DeployError(NOT_RUNNING.format(data=folder.path))
    if arguments.output == "json":
        _print_document(variables(endpoint))
    else:
        print(render_environment(endpoint, arguments.shell), end="")
    return 0


def _logs(arguments: Arguments) -> int:
    from shipway.local.folder import find_folder
    from shipway.local.log_follow import follow, log_files, read_tail

    folder = find_folder(arguments.data, os.environ)
    if not log_files(folder):
        raise DeployError(f"There are no logs in {folder.path}: local ECS has not run there.")
    lines = follow(folder, arguments.lines) if arguments.follow else read_tail(folder, arguments.lines)
    if arguments.output == "json" and not arguments.follow:
        _print_document(list(lines))
        return 0
    try:
        for line in lines:
            said = _line(line) if arguments.output == "json" else f"{line.source} | {line.text}"
            print(said, flush=arguments.follow)
    except KeyboardInterrupt:
        return 130
    return 0


def _line(document: object) -> str:
    import msgspec

    return msgspec.json.encode(document).decode()


def _print_document(document: object) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(document)).decode())
