"""When a metric alarm is in ALARM: CloudWatch's rule, for alarms on one metric."""

from __future__ import annotations

import msgspec

from shipway.model.scaling import MetricQuery

OPERATORS = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


class AlarmRule(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm as it was put."""

    name: str
    metric: MetricQuery
    threshold: float
    comparison: str
    period_s: int = 60
    evaluation_periods: int = 1
    datapoints_to_alarm: int = 1
    treat_missing_data: str = "missing"  # or notBreaching, breaching, ignore


def state_of(rule: AlarmRule, datapoints: tuple[float | None, ...], before: str) -> str:
    """The state after the last `evaluation_periods`, given oldest first; None is a period without data."""
    window = datapoints[-rule.evaluation_periods :]
    breaches = [verdict(rule, value) for value in window]
    known = [breach for breach in breaches if breach is not None]
    if not known:
        return before if rule.treat_missing_data == "ignore" else "INSUFFICIENT_DATA"
    if sum(known) >= rule.datapoints_to_alarm:
        return "ALARM"
    if rule.treat_missing_data == "ignore" and len(known) < len(breaches):
        return before
    return "OK"


def verdict(rule: AlarmRule, value: float | None) -> bool | None:
    """Whether this period breaches; None when it says nothing."""
    if value is None:
        return {"breaching": True, "notBreaching": False}.get(rule.treat_missing_data)
    return bool(OPERATORS[rule.comparison](value, rule.threshold))
