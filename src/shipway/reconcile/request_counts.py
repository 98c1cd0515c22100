"""RequestCountPerTarget: how many requests a minute each target of a group got, from the load balancer's own
counters. They are read only while a policy tracks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shipway.load_balancer.target_health import HealthReading, ReadingKey
from shipway.model.scaling import MetricQuery
from shipway.model.target import HEALTHY
from shipway.reconcile.surroundings import Surroundings
from shipway.store.metrics import Series

NAMESPACE, NAME = "AWS/ApplicationELB", "RequestCountPerTarget"
MINUTE_MS = 60_000
PERIODS_HELD = 2


class RequestCounts:
    """Remembers each target's counter, and when it was read."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._totals: dict[ReadingKey, int] = {}
        self._read_at: int | None = None

    def note(self, readings: Mapping[ReadingKey, HealthReading], wanted: Iterable[MetricQuery]) -> None:
        """The figures of the groups that policies name. A first reading only sets the counters' begin."""
        metrics, now_ms = self._around.metrics, self._around.clock.now_ms()
        before, since = self._totals, self._read_at
        if since is not None and now_ms <= since:
            return
        self._totals = {key: reading.requests_total for key, reading in readings.items()}
        self._read_at = now_ms
        if since is None:
            return
        for query in wanted:
            group = dict(query.dimensions).get("TargetGroup", "")
            own = {key: reading for key, reading in readings.items() if key[0].endswith(f":{group}")}
            targets = sum(reading.state == HEALTHY and not reading.draining for reading in own.values())
            if targets:
                more = sum(
                    increase(before.get(key, 0), reading.requests_total) for key, reading in own.items()
                )
                value = more * MINUTE_MS / (now_ms - since) / targets
                series = Series(query.namespace, query.name, query.dimensions)
                metrics.set(series, value, now_ms, PERIODS_HELD * metrics.period_ms)


def increase(before: int, now: int) -> int:
    """A counter that has become smaller belongs to a target that came anew."""
    return now - before if now >= before else now


def counted(query: MetricQuery | None) -> bool:
    return query is not None and (query.namespace, query.name) == (NAMESPACE, NAME)
