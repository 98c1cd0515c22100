"""Metrics: a figure holds until the next one, and is asked for period by period."""

from __future__ import annotations

import pytest

from shipway.store.metrics import KEPT_MS, Metrics, Series

CPU = Series("AWS/ECS", "CPUUtilization", (("ClusterName", "default"),))
MINUTE = 60_000


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_a_figure_holds_until_the_next(metrics: Metrics) -> None:
    """Set at half past the first minute and within the third: each period has the figure of its end."""
    metrics.set(CPU, 10, MINUTE // 2)
    metrics.set(CPU, 20, 2 * MINUTE + 5)
    shown = metrics.datapoints(CPU, 3 * MINUTE + 1)
    assert shown == [(0, 10), (MINUTE, 10), (2 * MINUTE, 20), (3 * MINUTE, 20)]


def test_what_stays_the_same_needs_no_room(metrics: Metrics) -> None:
    """Written a hundred times, kept once; and still there hours later."""
    for moment in range(100):
        metrics.set(CPU, 10, moment)
    later = 10 * KEPT_MS
    shown = metrics.datapoints(CPU, later)
    assert {value for _, value in shown} == {10}
    assert shown[0][0] == later - KEPT_MS
    assert len(shown) == KEPT_MS // MINUTE + 1


def test_old_figures_go(metrics: Metrics) -> None:
    """But the last one before the kept time: it says what held at its beginning."""
    for hour in range(10):
        metrics.set(CPU, hour, hour * 3_600_000)
    values = [value for _, value in metrics.datapoints(CPU, 9 * 3_600_000)]
    assert (values[0], values[-1]) == (6, 9)


def test_a_figure_may_hold_for_a_while_only(metrics: Metrics) -> None:
    """Renewed it goes on; not renewed it leaves a gap, as when nobody measures any more."""
    metrics.set(CPU, 10, 0, holds_ms=2 * MINUTE)
    metrics.set(CPU, 10, MINUTE, holds_ms=2 * MINUTE)
    metrics.set(CPU, 10, 8 * MINUTE, holds_ms=2 * MINUTE)
    moments = [moment // MINUTE for moment, _ in metrics.datapoints(CPU, 9 * MINUTE)]
    assert moments == [0, 1, 2, 8, 9]
    assert [metrics.at(CPU, moment * MINUTE) for moment in (0, 3, 4, 8)] == [10, 10, None, 10]


def test_what_never_was_is_empty(metrics: Metrics) -> None:
    """No series, no datapoints."""
    assert (metrics.all(), metrics.datapoints(CPU, MINUTE), metrics.at(CPU, 0)) == ([], [], None)
    metrics.set(CPU, 10, 0)
    assert metrics.all() == [CPU]
