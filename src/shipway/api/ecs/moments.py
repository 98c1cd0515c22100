"""Moments on the wire: epoch seconds with milliseconds. Absent ones are left out."""

from __future__ import annotations

from typing import Any


def seconds(moment: int) -> float:
    return moment / 1000


def milliseconds(moment_s: float | None) -> int | None:
    return None if moment_s is None else round(moment_s * 1000)


def present(**members: Any) -> dict[str, Any]:
    """Only the members that have a value: ECS leaves out what it does not have."""
    return {name: value for name, value in members.items() if value is not None}


def moments(**members: int | None) -> dict[str, float]:
    return {name: moment / 1000 for name, moment in members.items() if moment is not None}
