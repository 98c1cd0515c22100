"""`shipway init`."""

from __future__ import annotations

import argparse
import os

from shipway.cli.options import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", help="the folder to write to, with the Dockerfile")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        help="move in from CLUSTER/SERVICE, or a file of ecspresso, Copilot, GitHub, deployfish...",
    )
    parser.add_argument(
        "--name", help="the application's name (default: the folder's), or which of a file's services"
    )
    parser.add_argument("--cluster", help="the cluster's name (default: the application's)")
    parser.add_argument("--dockerfile", default="Dockerfile")
    parser.add_argument(
        "-e",
        "--env",
        metavar="NAME",
        default=os.environ.get("SHIPWAY_ENV"),
        help="`local`: a service of local ECS",
    )
    parser.add_argument("--region", metavar="REGION", help="of the running service")
    parser.add_argument("--profile", metavar="NAME", help="an AWS profile, to read the running service")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    folder = Path(arguments.folder)
    if arguments.source is None:
        from shipway.deploy.starting import write_initial_files

        files = write_initial_files(folder, arguments.name, arguments.cluster, arguments.dockerfile)
        text = f"Wrote {', '.join(files)}. Next: shipway local up, then shipway deploy -e local"
        show(arguments, {"files": list(files), "folder": str(folder.resolve())}, text)
        return 0
    from shipway.deploy.moving_in import move_in
    from shipway.deploy.opening import Choices

    choices = Choices(
        environment=arguments.env,
        cluster=arguments.cluster,
        region=arguments.region,
        profile=arguments.profile,
    )
    moved_in = move_in(arguments.source, choices, folder, arguments.name)
    show(arguments, moved_in.as_document(), moved_in.text())
    return 0
