"""`shipway init`: write shipway.yml and the ECS JSON beside it, from the Dockerfile in the folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from shipway.deploy.errors import DeployError
from shipway.deploy.planning.dockerfile import initial_files, read_dockerfile


def write_initial_files(
    folder: Path, name: str | None, cluster: str | None, dockerfile: str
) -> tuple[str, ...]:
    """The names of the files written."""
    source = folder / dockerfile
    try:
        text = source.read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise DeployError(
            f"There is no {dockerfile} in {folder.resolve()}. Go where one is, or name it with --dockerfile."
        ) from None
    chosen = name or re.sub(r"[^a-z0-9-]+", "-", folder.resolve().name.lower()).strip("-")[:32] or "shipway"
    facts = read_dockerfile(text)
    return write_new_files(folder, initial_files(chosen, cluster or chosen, facts, dockerfile))


def write_new_files(folder: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """File name -> text; all are written or, when one is there already, none."""
    present = [file for file in files if (folder / file).exists()]
    if present:
        raise DeployError(f"{', '.join(present)} already exists in {folder.resolve()}; nothing was written.")
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content, encoding="utf-8")
    return tuple(files)
