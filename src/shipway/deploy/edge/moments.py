"""Moments as AWS's answers hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def moment_s(moment: Any) -> float | None:
    """Epoch seconds of a datetime or of a number; raw answers have numbers."""
    if moment is None:
        return None
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)


def moment_utc(moment: Any) -> datetime | None:
    seconds = moment_s(moment)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
