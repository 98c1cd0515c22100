"""What fires, what it says, and what is not held against a deployment."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.model.service import CircuitBreaker, DeploymentAlarms
from shipway.scheduler.failure_monitors import Fired, circuit_breaker_threshold, fired
from shipway.scheduler.survey import Survey, survey_of
from tests.builders import (
    a_breaker,
    a_revision,
    a_service,
    a_service_deployment,
    a_snapshot,
    a_stopped_task,
)


def surveyed(*, breaker: CircuitBreaker | None = None, **members: Any) -> Survey:
    """Three failed tasks; alarm `hot` is in ALARM, `cold` is not."""
    deployment = a_service_deployment(**{"status": "IN_PROGRESS", **members})
    service = a_service(
        1,
        breaker=breaker or a_breaker(enable=False),
        alarms=DeploymentAlarms(True, True, ("hot", "cold")),
        service_deployment_arn=deployment.service_deployment_arn,
    )
    return survey_of(
        a_snapshot(
            service,
            *(a_stopped_task(number) for number in (1, 2, 3)),
            revisions=(a_revision(),),
            service_deployments=(deployment,),
            alarms={"hot": "ALARM", "cold": "OK"},
        )
    )


@pytest.mark.parametrize(
    ("kind", "value", "desired", "threshold"),
    [
        ("BOUNDED_PERCENT", 50, 1, 3),
        ("BOUNDED_PERCENT", 50, 25, 13),
        ("BOUNDED_PERCENT", 50, 400, 200),
        ("BOUNDED_PERCENT", 50, 800, 200),
        ("BOUNDED_PERCENT", 10, 100, 10),
        ("UNBOUNDED_PERCENT", 50, 800, 400),
        ("UNBOUNDED_PERCENT", 50, 1, 1),
        ("COUNT", 7, 100, 7),
    ],
)
def test_threshold(kind: str, value: int, desired: int, threshold: int) -> None:
    """The vectors of the specification."""
    breaker = CircuitBreaker(enable=True, threshold_type=kind, threshold_value=value)
    assert circuit_breaker_threshold(breaker, desired) == threshold


def test_alarm_fires_with_its_name_and_its_own_rollback_flag() -> None:
    """Only the alarms that are in ALARM are named."""
    found = fired(surveyed())
    assert found == Fired(rollback=True, alarm_names=("hot",))
    assert found.by_alarm and found.reason == "In ALARM: hot."


def test_circuit_breaker_speaks_first() -> None:
    """Both fire in one pass: the circuit breaker's flag counts, not the alarms'."""
    found = fired(surveyed(breaker=a_breaker(rollback=False)))
    assert found == Fired(rollback=False, failure_count=3, threshold=3)
    assert found.reason == "3 tasks failed; the circuit breaker's threshold is 3."


@pytest.mark.parametrize(
    "members",
    [{"status": "PENDING"}, {"status": "ROLLBACK_IN_PROGRESS"}, {"alarms_ignored": ("hot",)}],
    ids=str,
)
def test_alarm_that_is_not_the_deployments_doing(members: dict[str, Any]) -> None:
    """In ALARM before it began, or during a rollback: nothing fires."""
    assert fired(surveyed(**members)) is None
