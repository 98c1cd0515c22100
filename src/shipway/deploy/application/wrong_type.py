"""A value of another kind than its key takes, said in the words of the file instead of the decoder's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

from shipway.deploy.application.application import OnFailure
from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.application.variables import Path

KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
}
OTHERS_KEY = "..."  # as the decoder tells the key of a mapping with keys of any name
LACKING = re.compile(r"Object missing required field `(.+)`")
MISTAKEN = re.compile(r"Expected `(.+)`, got `(.+)`")


def dotted_text(path: Path) -> str:
    return ".".join(map(str, path))


def told(error: str, value: Any, shown: Callable[[Path], str] = dotted_text) -> tuple[Path, str]:
    """Where it is, and a sentence; `value` is what was decoded, `shown` says a path in the file's own way."""
    complaint, _, dotted = error.partition(" - at `$")
    steps = tuple(int(step) if step.isdigit() else step for step in re.findall(r"\.\.\.|[^.\[\]`]+", dotted))
    lacking, mistaken = LACKING.match(complaint), MISTAKEN.match(complaint)
    paths = list(_paths(value, steps))
    if lacking:
        path = next((path for path, item in paths if lacking[1] not in item), ())
        return path, f"{shown(path) or 'the file'} lacks {lacking[1]!r}."
    if mistaken:
        kinds = mistaken[1].split(" | ")
        path, item = next(((path, item) for path, item in paths if _kind(item) == mistaken[2]), ((), None))
        return path, f"{shown(path)} must be {_either(kinds)}, not {_said(item)}.{_hint(kinds, item)}"
    path, item = next(iter(paths), ((), None))
    if path[-1:] == ("on_failure",):
        return path, f"on_failure is {item!r}. {did_you_mean(str(item), get_args(OnFailure))}"
    complaint, said = complaint.replace("`", "'").rstrip("."), _said(item)
    return path, f"{shown(path)}{'' if complaint.startswith(said) else f' is {said}'}: {complaint}."


def _paths(value: Any, steps: Path) -> Iterator[tuple[Path, Any]]:
    """All that the decoder may mean: it does not tell the keys of mappings with keys of any name."""
    if not steps:
        yield (), value
        return
    here, rest = steps[0], steps[1:]
    inside = dict(enumerate(value)) if isinstance(value, list) else value
    for key, item in inside.items() if isinstance(inside, dict) else ():
        if here not in (OTHERS_KEY, key):
            continue
        yield from (((key, *path), found) for path, found in _paths(item, rest))


def _kind(item: Any) -> str:
    if isinstance(item, dict | list | tuple):
        return "object" if isinstance(item, dict) else "array"
    return "null" if item is None else type(item).__name__


def _either(kinds: list[str]) -> str:
    return " or ".join(KINDS.get(kind, kind) for kind in kinds if kind != "null")


def _said(item: Any) -> str:
    if isinstance(item, dict | list):
        return "a mapping" if isinstance(item, dict) else "a list"
    return "empty" if item is None else repr(item)


def _hint(kinds: list[str], item: Any) -> str:
    """The usual slips: a number or a word that YAML takes for one, a single word where there may be many."""
    if "str" in kinds and isinstance(item, int | float):
        return " Write it in quotes."
    if "array" in kinds and isinstance(item, str):
        return f" Write [{item}]." if re.fullmatch(r"[\w./:-]+", item) else ""
    return ""
