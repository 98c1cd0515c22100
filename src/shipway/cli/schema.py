"""`shipway schema`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shipway.cli.options import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="*",
        metavar="NAME",
        help="a verb, as `deploy` or `instances list`; `jsonl`, for a line of -o jsonl; `application`, for "
        "shipway.yml (default: list all)",
    )
    parser.add_argument("--all", metavar="FOLDER", help="write every schema into this folder, a file each")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    from shipway.cli.documents import NAMES
    from shipway.deploy.application.suggestion import did_you_mean
    from shipway.deploy.errors import UsageError

    name = " ".join(arguments.name)
    if arguments.all:
        return _write_all(arguments)
    if not name:
        show(arguments, list(NAMES), "\n".join(NAMES))
        return 0
    if name not in NAMES:
        raise UsageError(f"There is no schema of {name!r}. {did_you_mean(name, NAMES)}")
    print(_text(_schema(name)), end="")
    return 0


def _write_all(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from shipway.cli.documents import NAMES, file_name
    from shipway.deploy.errors import DeployError

    folder = Path(arguments.all)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (folder / file_name(name)).write_text(_text(_schema(name)), encoding="utf-8")
    except OSError as error:
        raise DeployError(f"The schemas cannot be written to {folder}: {error.strerror}.") from None
    files = [str(folder / file_name(name)) for name in NAMES]
    show(arguments, files, f"wrote {len(files)} schemas to {folder}")
    return 0


def _schema(name: str) -> dict[str, Any]:
    from shipway.cli.documents import APPLICATION, EVENTS, document_types
    from shipway.deploy.application.editor_schema import application_schema
    from shipway.deploy.documents.schemas import document_schema, line_schema

    if name == APPLICATION:
        return application_schema()
    if name == EVENTS:
        return line_schema()
    return document_schema(f"shipway {name} -o json", document_types(name))


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2) + "\n"
