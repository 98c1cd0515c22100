"""What auto scaling keeps a service between, and what it must be for a wished count to last."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """The least and the most tasks that auto scaling allows."""

    least: int
    most: int


def widened(bounds: Bounds, count: int) -> Bounds:
    """No further than the count needs: beyond them auto scaling would take it back at its next look."""
    return Bounds(min(bounds.least, count), max(bounds.most, count))


def bounds_line(bounds: Bounds, count: int) -> str:
    text = f"auto scaling keeps the service between {bounds.least} and {bounds.most} tasks"
    wide = widened(bounds, count)
    if wide.least != bounds.least:
        return f"{text}; its minimum becomes {wide.least}, and it may change the count again"
    if wide.most != bounds.most:
        return f"{text}; its maximum becomes {wide.most}, and it may change the count again"
    return f"{text}, and may change the count again"
