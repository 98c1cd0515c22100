"""The fixture that users get, for our own tests."""

from __future__ import annotations

from shipway.testing.plugin import ecs

__all__ = ["ecs"]
