"""`shipway init`."""

from __future__ import annotations

import argparse

from shipway.cli.options import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", help="the folder with the Dockerfile")
    parser.add_argument("--name", help="the application's name (default: the folder's)")
    parser.add_argument("--cluster", help="the cluster's name (default: the application's)")
    parser.add_argument("--dockerfile", default="Dockerfile")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from shipway.deploy.starting import write_initial_files

    folder = Path(arguments.folder)
    files = write_initial_files(folder, arguments.name, arguments.cluster, arguments.dockerfile)
    text = f"Wrote {', '.join(files)}. Next: shipway local up, then shipway deploy -e local"
    show(arguments, {"files": list(files), "folder": str(folder.resolve())}, text)
    return 0
