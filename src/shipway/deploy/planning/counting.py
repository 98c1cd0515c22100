"""How many of something, in words. Pure."""

from __future__ import annotations


def several(count: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
