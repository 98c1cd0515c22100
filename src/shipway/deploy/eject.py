"""`shipway eject DIR`: write the files that deploy an application without Shipway."""

from __future__ import annotations

import os
from graphlib import TopologicalSorter
from pathlib import Path
from shlex import quote

from shipway.deploy.application.release_file import Release
from shipway.deploy.ejecting.ejected import SCRIPT, ejected_files
from shipway.deploy.starting import write_new_files


def eject(release: Release, folder: Path) -> tuple[str, ...]:
    """The names of the files in the folder; nothing is overwritten. Several services get a folder each."""
    files: dict[str, str] = {}
    for name, application in release.applications.items():
        inside = name if release.several else "."
        root = os.path.relpath(Path(application.folder).resolve(), (folder / inside).resolve())
        for file, text in ejected_files(application, Path(root).as_posix()).items():
            files[f"{inside}/{file}".removeprefix("./")] = text
    if release.several:
        files[SCRIPT] = _all(release)
    written = write_new_files(folder, files)
    for file in written:
        if file.endswith(".sh"):
            (folder / file).chmod(0o755)
    return written


def _all(release: Release) -> str:
    order = TopologicalSorter(release.needs).static_order()
    lines = "".join(f'"$here"/{quote(name)}/{SCRIPT}\n' for name in order)
    return f"""\
#!/usr/bin/env bash
# Each service after those that it needs.
set -euo pipefail

here=$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)
{lines}"""
