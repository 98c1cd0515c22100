"""Moments as AWS gives them, written for people in the time zone they were given in."""

from __future__ import annotations

from typing import Any


def minute(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}".rstrip() if hasattr(moment, "isoformat") else ""


def second(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}".rstrip() if hasattr(moment, "isoformat") else ""


def stamp_ms(moment: Any) -> int:
    seconds = moment.timestamp() if hasattr(moment, "timestamp") else float(moment or 0)
    return int(seconds * 1000)


def took(start: Any, end: Any) -> str:
    """How long it was from one to the other; nothing where either is not known."""
    if start is None or end is None:
        return ""
    whole = round((stamp_ms(end) - stamp_ms(start)) / 1000)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"
