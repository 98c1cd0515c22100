"""`requires:` in shipway.yml: the versions of Shipway that a file is for."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

CLAUSE = re.compile(r"(?P<sign>>=|<=|==|!=|>|<)\s*(?P<version>\d+(?:\.\d+)*)")
SIGNS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
PARTS = 4


def complaint_about(written: object, version: str) -> str | None:
    """A sentence when this version is not one of them, or when what is written is no range."""
    clauses = [clause.strip() for clause in str(written).split(",")]
    found = [CLAUSE.fullmatch(clause) for clause in clauses]
    if not isinstance(written, str) or None in found:
        return f'requires is {written!r}; write a range of versions such as ">=0.1,<1".'
    own = _numbers(version)
    if all(SIGNS[match["sign"]](own, _numbers(match["version"])) for match in found if match):
        return None
    return f"this file requires Shipway {written}, and this is {version}. Install another version."


def _numbers(version: str) -> tuple[int, ...]:
    """What stands behind the numbers (`rc1`) does not count."""
    numbers = [int(part) for part in re.findall(r"\d+", re.split(r"[a-z+-]", version)[0])]
    return (*numbers, *[0] * (PARTS - len(numbers)))
