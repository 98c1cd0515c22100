"""The texts of an import's files."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from shipway.deploy.application.variables import REFERENCE, rewritten
from shipway.deploy.importing.imported import Imported
from shipway.deploy.planning.dockerfile import SERVICE_FILE, TASK_DEFINITION_FILE

WIDTH = 110


def files_of(imported: Imported) -> dict[str, str]:
    """File name -> text, relative to the folder that was asked for."""
    keys = dict(imported.keys)
    environments = keys.pop("environments", None)
    keys["task_definition"] = TASK_DEFINITION_FILE
    files = {TASK_DEFINITION_FILE: _json(imported.task_definition)}
    if imported.service is not None:
        keys["service"] = SERVICE_FILE
        files[SERVICE_FILE] = _json(imported.service)
    if environments:
        keys["environments"] = environments
    files = {"shipway.yml": _application(imported, keys), **files, **imported.more}
    prefix = "" if imported.folder == "." else f"{imported.folder}/"
    return {prefix + name: text for name, text in files.items()}


def literal(value: Any) -> Any:
    """The value written so that Shipway reads it back as it is: its `${...}` and `$$` mean nothing."""
    return rewritten(value, lambda text, _: text.replace("$", "$$") if REFERENCE.search(text) else text)


def _application(imported: Imported, keys: dict[str, Any]) -> str:
    body = yaml.safe_dump(keys, sort_keys=False, width=WIDTH, allow_unicode=True)
    hints = "".join(f"\n{_comment(hint)}\n" for hint in imported.hints)
    return "\n".join(_head(imported)) + f"\n{body}{hints}"


def _head(imported: Imported) -> Iterator[str]:
    yield _comment(f"Made by `shipway init` from {imported.source}.")
    for title, lines in (
        ("Not carried over:", [item.text() for item in imported.not_carried]),
        ("Notes:", list(imported.notes)),
    ):
        if lines:
            yield _comment(title)
            yield from (_comment(line, "- ") for line in lines)


def _comment(text: str, bullet: str = "") -> str:
    return "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            initial_indent=f"# {bullet}",
            subsequent_indent="# " + " " * len(bullet),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


def _json(members: dict[str, Any]) -> str:
    return json.dumps(members, indent=2, ensure_ascii=False) + "\n"
