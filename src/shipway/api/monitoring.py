"""What moto keeps of CloudWatch and of Auto Scaling groups, read in this process; and our metrics, shown
among CloudWatch's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from shipway.api.call import Settings
from shipway.model.arn import short_name
from shipway.model.capacity_provider import GroupSize
from shipway.seams import Clock
from shipway.store.metrics import Metrics, Series


class AutoScalingGroups:
    """Reads only, like the alarms."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def size(self, auto_scaling_group_arn: str) -> GroupSize | None:
        """By ARN or name. Asking does not load moto."""
        if "moto.autoscaling" not in sys.modules:
            return None
        from moto.autoscaling.models import autoscaling_backends

        groups = autoscaling_backends[self._settings.account_id][self._settings.region].autoscaling_groups
        group = groups.get(short_name(auto_scaling_group_arn))
        if group is None:
            return None
        return GroupSize(
            minimum=int(group.min_size or 0),
            maximum=int(group.max_size or 0),
            desired=int(group.desired_capacity or 0),
        )

    def new_instance(self, auto_scaling_group_arn: str) -> None:
        """Whatever its launch template says: each is as every instance of this machine."""


class Monitoring:
    """Reads only; moto writes, on its own thread. Each read is one look-up, so none meets half a change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def alarm_states(self, names: Iterable[str]) -> dict[str, str]:
        """Of those alarms that exist in the installation's region. Asking does not load moto: what nobody has
        loaded has no alarms.
        """
        if "moto.cloudwatch" not in sys.modules:
            return {}
        from moto.cloudwatch.models import cloudwatch_backends

        alarms = cloudwatch_backends[self._settings.account_id][self._settings.region].alarms
        found = {name: alarms.get(name) for name in names}
        return {name: str(alarm.state_value) for name, alarm in found.items() if alarm is not None}


PUBLISHED: list[tuple[Metrics, Clock]] = []
"""Whose metrics moto's CloudWatch shows: a process has one moto, and one control plane."""


def publish(metrics: Metrics, clock: Clock) -> None:
    """From now on moto's CloudWatch asks for our metrics whenever it is asked for any."""
    PUBLISHED[:] = [(metrics, clock)]
    provider_class()


@cache
def provider_class() -> type:
    """moto finds its providers of metrics among the classes that were made.

    It keeps every datum of its own kind for ever; ours are made anew for each question, so they are a kind
    that is not kept.
    """
    from moto.cloudwatch.models import MetricDatum
    from moto.core.common_models import CloudWatchMetricProvider

    class Datum(MetricDatum):
        series: Series

        def __new__(cls, *arguments: Any, **named: Any) -> Any:
            return object.__new__(cls)

        def filter(
            self,
            namespace: str | None,
            name: str | None,
            dimensions: Any,
            already_present_metrics: Any = None,
        ) -> bool:
            """moto would list a metric with two dimensions once for each of its datapoints."""
            listed = already_present_metrics or []
            if any(getattr(other, "series", None) == self.series for other in listed):
                return False
            return bool(super().filter(namespace, name, dimensions))

    def datum(series: Series, moment_ms: int, value: float) -> Any:
        made = Datum(
            namespace=series.namespace,
            name=series.name,
            value=value,
            dimensions=[{"Name": name, "Value": text} for name, text in series.dimensions],
            timestamp=datetime.fromtimestamp(moment_ms / 1000, UTC).replace(tzinfo=None),
            unit="Percent",
        )
        made.series = series
        return made

    def read(account_id: str, region: str) -> list[Any]:
        return [
            datum(series, moment, value)
            for metrics, clock in PUBLISHED
            for series in metrics.all()
            for moment, value in metrics.datapoints(series, clock.now_ms())
        ]

    return type("Ours", (CloudWatchMetricProvider,), {"get_cloudwatch_metrics": staticmethod(read)})
