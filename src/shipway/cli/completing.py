"""What may come next on the command line: from the parsers and from shipway.yml; AWS is not asked."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from shipway.cli.parser import Parser
from shipway.cli.verbs import VERBS

# A shell puts a candidate on the command line as it is: names that could do something there are left out.
HARMLESS = re.compile(r"[A-Za-z0-9_./:@=+,-]+")
Members = dict[str, Any]


def candidates(words: list[str], folder: Path) -> list[str]:
    """For the last of the words, which may be empty; the program's name is not among them."""
    *before, current = words or [""]
    if not before:
        found: Iterable[str] = (*VERBS, "--help", "--version")
    elif before[0] not in VERBS:
        found = ()
    else:
        found = _of_verb(before, current, folder)
    return [word for word in found if word.startswith(current) and HARMLESS.fullmatch(word)]


def _of_verb(before: list[str], current: str, folder: Path) -> Iterable[str]:
    parser = Parser(prog=f"shipway {before[0]}")
    importlib.import_module(VERBS[before[0]][0]).add_arguments(parser)
    given = before[1:]
    for word in before[1:]:
        below = _subparsers(parser)
        if below is not None and word in below.choices:
            parser = below.choices[word]
            given = given[given.index(word) + 1 :]
    option = _waiting(parser, given)
    if option is not None:
        return _values(option, before, folder)
    if current.startswith("-"):
        return sorted(name for name in parser._option_string_actions if name.startswith("--"))
    return [word for action in parser._get_positional_actions() for word in _values(action, before, folder)]


def _subparsers(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[Any] | None:
    found = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return next(found, None)


def _waiting(parser: argparse.ArgumentParser, given: list[str]) -> argparse.Action | None:
    """The option that the last word leaves without its value."""
    action = parser._option_string_actions.get(given[-1]) if given else None
    return action if action is not None and action.nargs != 0 else None


def _values(action: argparse.Action, before: list[str], folder: Path) -> Iterable[str]:
    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    known = BY_NAME.get(f"{before[0]} {action.dest}") or BY_NAME.get(action.dest)
    return known(_file(before, folder)) if known is not None else ()


def _file(before: list[str], folder: Path) -> Members:
    """shipway.yml as it stands, or nothing: whoever is typing is not to be told of its mistakes."""
    from shipway.deploy.application.document import parse
    from shipway.deploy.application.reading import find
    from shipway.deploy.errors import DeployError

    named = [after for option, after in pairwise(before) if option in ("-c", "--config")]
    file = folder / named[-1] if named else find(folder)
    try:
        value = parse(file.name, file.read_text(encoding="utf-8")).value if file is not None else None
    except (OSError, UnicodeDecodeError, DeployError):
        return {}
    return value if isinstance(value, dict) else {}


def _keys(file: Members, name: str) -> list[str]:
    found = file.get(name)
    return [str(key) for key in found] if isinstance(found, dict) else []


def _environments(file: Members) -> list[str]:
    return sorted({*_keys(file, "environments"), "local"})


def _services(file: Members) -> list[str]:
    service = file.get("service")
    named = service.get("serviceName") if isinstance(service, dict) else None
    return [str(name) for name in (*_keys(file, "services"), named or file.get("name")) if name]


def _containers(file: Members) -> list[str]:
    definition = file.get("task_definition")
    containers = definition.get("containerDefinitions") if isinstance(definition, dict) else None
    listed = containers if isinstance(containers, list) else []
    written = [one.get("name") for one in listed if isinstance(one, dict)]
    return sorted({str(name) for name in (*_keys(file, "images"), *written) if name})


def _formats(_: Members) -> list[str]:
    from shipway.deploy.outputs.systems import NONE, SYSTEMS

    return [*SYSTEMS, NONE]


def _codes(_: Members) -> list[str]:
    from shipway.deploy.verification.finding import CODES

    return list(CODES)


def _schemas(_: Members) -> list[str]:
    from shipway.cli.documents import NAMES

    return sorted({word for name in NAMES for word in name.split()})


# By an argument's name, or by a verb's and its: `schema name`.
BY_NAME: dict[str, Callable[[Members], list[str]]] = {
    "env": _environments,
    "service": _services,
    "container": _containers,
    "image": lambda file: [f"{name}=" for name in _containers(file)],
    "outputs": _formats,
    "explain code": _codes,
    "schema name": _schemas,
    "run task": lambda file: _keys(file, "tasks"),
}
