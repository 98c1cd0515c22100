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
    """One metric: its namespace, its name, its dimensions, these sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


class Span(NamedTuple):
    """A figure, from when it holds and until when; None is until the next one."""

    begin: int
    value: float
    end: int | None = None


class Metrics:
    """A figure holds until the next one, or for as long as it was said to: whoever asks gets a datapoint for
    each period in which it held. So a figure that stays the same takes no room.

    Written on the event loop's thread, read on any: what is replaced is replaced whole.
    """

    def __init__(self, period_ms: int = PERIOD_MS) -> None:
        self.period_ms = period_ms
        self._spans: dict[Series, tuple[Span, ...]] = {}

    def set(self, series: Series, value: float, now_ms: int, holds_ms: int | None = None) -> None:
        spans = self._spans.get(series, ())
        end = None if holds_ms is None else now_ms + holds_ms
        if spans and spans[-1].value == value and held_at(spans[-1], now_ms):
            self._spans[series] = (*spans[:-1], spans[-1]._replace(end=end))
            return
        # One from before the kept time stays: it says what held at its beginning.
        old = max(0, bisect_right(spans, now_ms - KEPT_MS, key=begin_of) - 1)
        self._spans[series] = (*spans[old:], Span(now_ms, value, end))

    def all(self) -> list[Series]:
        return sorted(self._spans)

    def at(self, series: Series, moment: int) -> float | None:
        """What held at that moment."""
        return value_at(self._spans.get(series, ()), moment)

    def datapoints(self, series: Series, now_ms: int) -> list[Point]:
        """For each period that has begun what held at its end, oldest first; the moment is its begin."""
        spans = self._spans.get(series, ())
        if not spans:
            return []
        begin = max(spans[0].begin, now_ms - KEPT_MS) // self.period_ms * self.period_ms
        moments = range(begin, now_ms + 1, self.period_ms)
        values = [value_at(spans, min(moment + self.period_ms - 1, now_ms)) for moment in moments]
        pairs = zip(moments, values, strict=True)
        return [(moment, value) for moment, value in pairs if value is not None]


def value_at(spans: tuple[Span, ...], moment: int) -> float | None:
    at = bisect_right(spans, moment, key=begin_of) - 1
    return spans[at].value if at >= 0 and held_at(spans[at], moment) else None


def held_at(span: Span, moment: int) -> bool:
    return span.end is None or moment <= span.end


def begin_of(span: Span) -> int:
    return span.begin
