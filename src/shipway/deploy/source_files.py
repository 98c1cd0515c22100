"""Another tool's files, found and read for an importer."""

from __future__ import annotations

import os
import re
from pathlib import Path

from shipway.deploy.application.document import parse
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.detection import FILE_NAMES
from shipway.deploy.importing.ecspresso import is_ecspresso
from shipway.deploy.importing.ecspresso_templates import translated
from shipway.deploy.importing.source import Account, Source

FILE_ENDINGS = (".yml", ".yaml", ".json", ".jsonnet")


def source_file(path: Path) -> Path | None:
    """The file itself, or the one in this folder that can be imported; None when there is no such path."""
    if path.is_dir():
        found = next((path / name for name in FILE_NAMES if (path / name).is_file()), None)
        if found is None:
            raise DeployError(
                f"{path} has none of {', '.join(FILE_NAMES)}. Name the file that is to be imported."
            )
        return found
    return path if path.is_file() else None


def read_source(file: Path, folder: Path, name: str | None, region: str | None) -> Source:
    """`folder` is where Shipway's files will be; `name` is the application's where the file has none."""
    inside = file.resolve().parent

    def beside(relative: str) -> str | None:
        try:
            return (inside / relative).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    text = beside(file.name)
    if text is None:
        raise DeployError(f"{file} cannot be read as text.")
    account = Account()
    if is_ecspresso(text):
        text = translated(text, account)
    if file.suffix == ".jsonnet":
        raise DeployError(f"{file} is Jsonnet. Import the JSON that it renders to.")
    try:
        value = parse(str(file), text).value
    except DeployError as error:
        if is_ecspresso(text):
            raise DeployError(f"{error.sentence} Templates may not make structure here.") from None
        raise
    if not isinstance(value, dict):
        raise DeployError(f"{file}: it must be a mapping of keys to values.")
    own_name = re.sub(r"[^a-z0-9-]+", "-", (name or inside.name).lower()).strip("-")
    return Source(
        name=str(file),
        value=value,
        folder_name=own_name or "shipway",
        beside=beside,
        prefix=Path(os.path.relpath(inside, folder.resolve())).as_posix(),
        region=region,
        chosen=name,
        left=tuple(account.left),
    )
