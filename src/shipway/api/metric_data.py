"""Figures of metrics, ours and those that users have put into moto's CloudWatch, a figure a period."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shipway.model.scaling import MetricQuery
from shipway.store.metrics import Metrics, Series

Datapoints = tuple[float | None, ...]


def ends_of(now_ms: int, period_ms: int, periods: int) -> range:
    """The ends of the last periods, oldest first; the last one ends now."""
    return range(now_ms - (periods - 1) * period_ms, now_ms + 1, period_ms)


def series_of(query: MetricQuery) -> Series:
    return Series(query.namespace, query.name, query.dimensions)


def our_datapoints(
    metrics: Metrics, query: MetricQuery, now_ms: int, period_ms: int, periods: int
) -> Datapoints:
    """Ours are gauges: what held at the end of each period."""
    series = series_of(query)
    return tuple(metrics.at(series, end) for end in ends_of(now_ms, period_ms, periods))


def put_datapoints(
    data: Iterable[Any], query: MetricQuery, now_ms: int, period_ms: int, periods: int
) -> tuple[Datapoints, int]:
    """Of what was put, and the moment of the newest datum (0: there is none)."""
    found = [(moment_of(datum), datum) for datum in data if is_of(datum, query)]
    points = []
    for end in ends_of(now_ms, period_ms, periods):
        within = [datum for moment, datum in found if end - period_ms < moment <= end]
        points.append(figure(within, query.statistic) if within else None)
    return tuple(points), max((moment for moment, _ in found), default=0)


def is_of(datum: Any, query: MetricQuery) -> bool:
    if (datum.namespace, datum.name) != (query.namespace, query.name):
        return False
    return tuple(sorted((d.name, d.value) for d in datum.dimensions)) == query.dimensions


def moment_of(datum: Any) -> int:
    """moto keeps naive moments in UTC, and what a client sent as it was."""
    moment: datetime = datum.timestamp
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def figure(data: list[Any], statistic: str) -> float:
    """Of single values and of sets of statistics alike."""
    sums = [datum.sum if hasattr(datum, "sum") else datum.value for datum in data]
    counts = [datum.sample_count if hasattr(datum, "sample_count") else 1 for datum in data]
    if statistic == "Sum":
        return float(sum(sums))
    if statistic == "SampleCount":
        return float(sum(counts))
    if statistic == "Minimum":
        return float(min(getattr(datum, "min", getattr(datum, "value", 0.0)) for datum in data))
    if statistic == "Maximum":
        return float(max(getattr(datum, "max", getattr(datum, "value", 0.0)) for datum in data))
    return float(sum(sums) / max(1, sum(counts)))
