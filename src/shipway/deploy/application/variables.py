"""`${VAR}`, `${VAR:-default}`, `${VAR:?message}` in every string, and `$$` for a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

REFERENCE = re.compile(
    r"\$(?:(?P<escape>\$)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<operator>[-?])(?P<argument>[^}]*))?\}|(?P<open>\{))"
)

Path = tuple[str | int, ...]


class VariableError(ValueError):
    """A reference that cannot be replaced, and where it stands."""

    def __init__(self, path: Path, complaint: str) -> None:
        super().__init__(complaint)
        self.path = path
        self.complaint = complaint


def expand(value: Any, variables: Mapping[str, str], path: Path = ()) -> Any:
    return rewritten(value, lambda text, at: REFERENCE.sub(_replacement(variables, at), text), path)


def rewritten(value: Any, rewrite: Callable[[str, Path], str], path: Path = ()) -> Any:
    """The same value with each string in it, but for keys, as `rewrite` makes it of string and place."""
    if isinstance(value, str):
        return rewrite(value, path)
    if isinstance(value, dict):
        return {key: rewritten(item, rewrite, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [rewritten(item, rewrite, (*path, index)) for index, item in enumerate(value)]
    return value


def _replacement(variables: Mapping[str, str], path: Path) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        if match["escape"]:
            return "$"
        if match["open"]:
            raise VariableError(path, "'${' is not closed or has no plain name; write '$$' for a dollar sign")
        name, operator, argument = match["name"], match["operator"], match["argument"]
        present = variables.get(name, "")
        if operator == "-":
            return present or argument
        if operator == "?" and not present:
            raise VariableError(path, f"{name} must be set: {argument or 'it is required'}")
        if operator is None and name not in variables:
            raise VariableError(path, f"{name} is not set; set it, or write ${{{name}:-a default}}")
        return present

    return replace
