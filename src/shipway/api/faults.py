"""What msgspec finds wrong with a request, said in Amazon's words and with the member's path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a request: a member of the wrong type, or one that breaks a constraint."""

    path: str
    text: str
    wrong_type: bool


MESSAGE = re.compile(r"(?P<problem>.*?)(?: - at `(?P<place>(?:key in )?\$.*)`)?$", re.DOTALL)
MISSING = re.compile(r"Object missing required field `(?P<member>.+)`")
NULL = re.compile(r"Expected `.+`, got `null`")
BOUND = re.compile(r"Expected `(?P<type>\w+)` (?:of length )?(?P<sign><=|>=|<|>) (?P<limit>-?\d+)")


def fault_of(error: msgspec.ValidationError, request: Any = None) -> Fault:
    """Msgspec's complaint in Amazon's words. The offending value is quoted from `request`, the plain JSON."""
    match = MESSAGE.match(str(error))
    assert match is not None
    problem, place = match["problem"], (match["place"] or "$").removeprefix("key in ")
    path = place.removeprefix("$").removeprefix(".")
    missing = MISSING.fullmatch(problem)
    if missing:
        path = f"{path}.{missing['member']}" if path else missing["member"]
    if missing or (path and NULL.fullmatch(problem)):
        return Fault(
            path, f"Value null at '{path}' failed to satisfy constraint: Member must not be null", False
        )
    constraint = constraint_text(problem)
    if constraint is None:
        return Fault(
            path, f"{problem.replace('`', '')} at '{path}'" if path else problem.replace("`", ""), True
        )
    return Fault(
        path,
        f"Value '{value_at(request, path)}' at '{path}' failed to satisfy constraint: {constraint}",
        False,
    )


def constraint_text(problem: str) -> str | None:
    bound = BOUND.match(problem)
    if bound:
        limit = int(bound["limit"]) + {"<": -1, ">": 1}.get(bound["sign"], 0)
        words = "less than or equal to" if bound["sign"].startswith("<") else "greater than or equal to"
        what = "value" if bound["type"] == "int" else "length"
        return f"Member must have {what} {words} {limit}"
    pattern = re.match(r"Expected `str` matching regex '(?P<pattern>.*)'$", problem, re.DOTALL)
    if pattern:
        plain = pattern["pattern"].replace("\\\\", "\\").removeprefix("^(?:").removesuffix(r")\Z")
        return f"Member must satisfy regular expression pattern: {plain}"
    if problem.startswith("Invalid enum value"):
        return "Member must satisfy enum value set"
    return None


def value_at(request: Any, path: str) -> Any:
    """The value that a path such as `logEvents[0].message` names in plain JSON."""
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(request, dict):
            request = request.get(step)
        elif isinstance(request, list) and step.isdigit() and int(step) < len(request):
            request = request[int(step)]
        else:
            return None
    return request
