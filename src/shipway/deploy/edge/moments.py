"""Moments as AWS's answers hold them."""

from __future__ import annotations

from typing import Any


def moment_s(moment: Any) -> float | None:
    """Epoch seconds of a datetime or of a number; raw answers have numbers."""
    if moment is None:
        return None
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)
