"""Metrics as CloudWatch has them: figures of the last hours, in memory. They are no record and end with the
process.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

KEPT_MS = 3 * 3_600_000
PERIOD_MS = 60_000

Point = tuple[int, float]
"""A moment in milliseconds, and the figure."""


class Series(NamedTuple):
    """One metric: its namespace, its name, its dimensions."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


class Metrics:
    """A figure holds until the next one: whoever asks gets a datapoint for each period since the first. So a
    figure that stays the same need not be written again and again.

    Written on the event loop's thread, read on any: what is replaced is replaced whole.
    """

    def __init__(self, period_ms: int = PERIOD_MS) -> None:
        self.period_ms = period_ms
        self._points: dict[Series, tuple[Point, ...]] = {}

    def set(self, series: Series, value: float, now_ms: int) -> None:
        points = self._points.get(series, ())
        if points and points[-1][1] == value:
            return
        # One from before the kept time stays: it says what held at its beginning.
        old = max(0, bisect_right(points, now_ms - KEPT_MS, key=moment_of) - 1)
        self._points[series] = (*points[old:], (now_ms, value))

    def forget(self, series: Series) -> None:
        self._points.pop(series, None)

    def all(self) -> list[Series]:
        return sorted(self._points)

    def datapoints(self, series: Series, now_ms: int) -> list[Point]:
        """One for each period that has begun, oldest first; the moment is the period's begin."""
        points = self._points.get(series, ())
        if not points:
            return []
        begin = max(points[0][0], now_ms - KEPT_MS) // self.period_ms * self.period_ms
        shown = []
        for moment in range(begin, now_ms + 1, self.period_ms):
            at = bisect_right(points, min(moment + self.period_ms - 1, now_ms), key=moment_of) - 1
            if at >= 0:
                shown.append((moment, points[at][1]))
        return shown


def moment_of(point: Point) -> int:
    return point[0]
