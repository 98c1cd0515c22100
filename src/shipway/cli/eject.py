"""`shipway eject`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the folder to write to; nothing is overwritten")
    add_target(parser)
    parser.epilog = (
        "AWS is not asked. With services: in shipway.yml, -s chooses one; else each gets a folder."
    )


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from shipway.deploy.application.release_file import Release
    from shipway.deploy.eject import eject
    from shipway.deploy.opening import read_release_chosen

    chosen = choices(arguments)
    release = read_release_chosen(chosen)
    if chosen.service:
        one = release.chosen(chosen.service)
        release = Release({one.service_name: one})
    folder = Path(arguments.folder)
    files = eject(release, folder)
    text = f"Wrote {', '.join(files)}. Next: read {folder / 'README.md'}, then run {folder / 'deploy.sh'}"
    if release.several:
        text = f"Wrote {len(files)} files, a folder for each service. Next: run {folder / 'deploy.sh'}"
    show(arguments, {"files": list(files), "folder": str(folder.resolve())}, text)
    return 0
