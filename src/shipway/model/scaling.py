"""Application Auto Scaling of ECS services: scalable targets, their policies and scheduled actions.

Nobody here writes them: they are what is read of them.
"""

from __future__ import annotations

import msgspec


class MetricQuery(msgspec.Struct, frozen=True):
    """A CloudWatch metric and how its data become one figure a period. Dimensions are sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    statistic: str = "Average"


class TargetTracking(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that keeps a metric near its target. `metric` is None for one that cannot be read here."""

    name: str
    metric: MetricQuery | None
    target: float
    scale_out_cooldown_s: int = 300
    scale_in_cooldown_s: int = 300
    disable_scale_in: bool = False


class Step(msgspec.Struct, frozen=True):
    """An adjustment for a breach from `lower` to `upper`, relative to the alarm's threshold; None is open."""

    adjustment: int
    lower: float | None = None
    upper: float | None = None


class StepScaling(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that an alarm triggers."""

    name: str
    arn: str = ""
    adjustment_type: str = "ChangeInCapacity"  # or ExactCapacity, PercentChangeInCapacity
    steps: tuple[Step, ...] = ()
    cooldown_s: int = 300
    minimum_magnitude: int = 0


class ScheduledAction(msgspec.Struct, frozen=True, kw_only=True):
    """At its moments the target's limits become these; None leaves one as it is."""

    name: str
    schedule: str
    created_at: int = 0
    start_at: int | None = None
    end_at: int | None = None
    minimum: int | None = None
    maximum: int | None = None


class ScalableTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A service's desired count, its limits, and what moves it."""

    cluster_name: str
    service_name: str
    minimum: int
    maximum: int
    out_suspended: bool = False
    in_suspended: bool = False
    scheduled_suspended: bool = False
    tracking: tuple[TargetTracking, ...] = ()
    steps: tuple[StepScaling, ...] = ()
    scheduled: tuple[ScheduledAction, ...] = ()


class TargetReport(msgspec.Struct, frozen=True, kw_only=True):
    """A scalable target and what is seen of it, by policy name: figures a period, oldest first; and by how
    much the alarms of step policies are breached.
    """

    target: ScalableTarget
    datapoints: dict[str, tuple[float | None, ...]] = {}
    breaches: dict[str, float] = {}


class ScalingReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a look at Application Auto Scaling tells."""

    targets: tuple[TargetReport, ...] = ()
    alarms_changed: bool = False
    alarms: bool = False  # whether there are alarms at all
