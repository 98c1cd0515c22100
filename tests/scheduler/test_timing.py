"""Clock speed: every wait is shortened alike, and no wait becomes none."""

from __future__ import annotations

from shipway.model.snapshot import Timing


def test_every_wait_is_shortened() -> None:
    """All members that end in `_ms` are divided; neither counts nor the memory of stopped tasks are."""
    fast = Timing().at_speed(10)
    assert fast.dwell_ms == Timing().dwell_ms // 10
    assert fast.steady_repeat_ms == Timing().steady_repeat_ms // 10
    assert fast.stopped_task_retention_ms == Timing().stopped_task_retention_ms
    assert fast.start_failures_free == Timing().start_failures_free
    assert Timing().at_speed(1e9).dwell_ms == 1


def test_a_users_wait_is_scaled() -> None:
    """A bake time of ten minutes lasts one at speed ten."""
    assert Timing().scaled(600_000) == 600_000
    assert Timing().at_speed(10).scaled(600_000) == 60_000
