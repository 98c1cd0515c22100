"""Metric alarms: CloudWatch's rule on the last periods."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.scaling import MetricQuery
from shipway.scheduler.scaling.alarms import AlarmRule, state_of

NONE = None


def a_rule(**changes: Any) -> AlarmRule:
    defaults: dict[str, Any] = {
        "name": "hot",
        "metric": MetricQuery("Shop", "Errors"),
        "threshold": 10.0,
        "comparison": "GreaterThanThreshold",
        "evaluation_periods": 3,
        "datapoints_to_alarm": 3,
    }
    return AlarmRule(**{**defaults, **changes})


@pytest.mark.parametrize(
    ("changes", "datapoints", "before", "expected"),
    [
        ({}, (11.0, 11.0, 11.0), "OK", "ALARM"),
        ({}, (11.0, 10.0, 11.0), "OK", "OK"),
        ({}, (99.0, 11.0, 11.0, 11.0), "OK", "ALARM"),
        ({"datapoints_to_alarm": 2}, (11.0, 1.0, 11.0), "OK", "ALARM"),
        ({}, (NONE, NONE, NONE), "ALARM", "INSUFFICIENT_DATA"),
        ({}, (11.0, NONE, 11.0), "ALARM", "OK"),
        ({"datapoints_to_alarm": 2}, (11.0, NONE, 11.0), "OK", "ALARM"),
        ({"treat_missing_data": "breaching"}, (NONE, 11.0, 11.0), "OK", "ALARM"),
        ({"treat_missing_data": "notBreaching"}, (NONE, NONE, NONE), "ALARM", "OK"),
        ({"treat_missing_data": "ignore"}, (NONE, NONE, NONE), "ALARM", "ALARM"),
        ({"treat_missing_data": "ignore"}, (NONE, 1.0, NONE), "ALARM", "ALARM"),
        ({"comparison": "LessThanThreshold"}, (9.0, 9.0, 9.0), "OK", "ALARM"),
        ({"comparison": "LessThanOrEqualToThreshold"}, (10.0, 10.0, 10.0), "OK", "ALARM"),
        ({"comparison": "GreaterThanOrEqualToThreshold"}, (10.0, 10.0, 10.0), "OK", "ALARM"),
    ],
)
def test_the_state(
    changes: dict[str, Any], datapoints: tuple[float | None, ...], before: str, expected: str
) -> None:
    """M of N periods, each compared with the threshold; what is missing counts as the alarm says."""
    assert state_of(a_rule(**changes), datapoints, before) == expected
