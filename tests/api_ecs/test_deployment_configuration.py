"""`deploymentConfiguration` of a service: ranges, defaults, and what is echoed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_ecs.front import Ecs
from tests.api_ecs.service_steps import create, update

BREAKER = {"enable": True, "rollback": True}


def configured(ecs: Ecs, **configuration: Any) -> dict[str, Any]:
    found: dict[str, Any] = create(ecs, deploymentConfiguration=configuration)["deploymentConfiguration"]
    return found


def a_threshold(kind: str, value: int) -> dict[str, Any]:
    threshold = {"type": kind, "value": value}
    return {"deploymentCircuitBreaker": {**BREAKER, "thresholdConfiguration": threshold}}


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"minimumHealthyPercent": 101}, "minimumHealthyPercent must be at most 100"),
        ({"minimumHealthyPercent": 100, "maximumPercent": 100}, "cannot be 100"),
        ({"bakeTimeInMinutes": 1441}, "between 0 and 1440"),
        ({"bakeTimeInMinutes": -1}, "between 0 and 1440"),
        ({"earlySuccessCriteria": {"enable": True, "healthyPercent": 101}}, "between 0 and 100"),
        ({"earlySuccessCriteria": {"enable": True, "healthyPercent": 90}}, "at least minimumHealthyPercent"),
        (
            {"earlySuccessCriteria": {"enable": True, "sourceServiceRevisionCleanup": "NEVER"}},
            "sourceServiceRevisionCleanup",
        ),
        (
            {
                "deploymentCircuitBreaker": {
                    **BREAKER,
                    "thresholdConfiguration": {"type": "COUNT", "value": 0},
                }
            },
            "at least 1",
        ),
        (
            {
                "deploymentCircuitBreaker": {
                    **BREAKER,
                    "thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 101},
                }
            },
            "at most 100",
        ),
    ],
    ids=str,
)
def test_values_out_of_range_are_refused(
    ecs: Ecs, web: str, configuration: dict[str, Any], words: str
) -> None:
    """Nothing is created."""
    ecs.refused(
        "CreateService",
        "InvalidParameterException",
        words,
        serviceName="s",
        taskDefinition="web",
        desiredCount=1,
        deploymentConfiguration=configuration,
    )


def test_alarms_are_echoed_and_described(ecs: Ecs, web: str) -> None:
    """In the configuration as given; in the service deployment with their status."""
    alarms = {"alarmNames": ["hot"], "enable": True, "rollback": True}
    service = create(ecs, deploymentConfiguration={"alarms": alarms})
    assert service["deploymentConfiguration"]["alarms"] == alarms
    described = ecs("DescribeServiceDeployments", serviceDeploymentArns=[service["currentServiceDeployment"]])
    assert described["serviceDeployments"][0]["alarms"] == {"status": "DISABLED", "alarmNames": ["hot"]}


def test_early_success_criteria_have_the_guides_defaults(ecs: Ecs, web: str) -> None:
    """100 percent, BLOCKING; an update that does not name them leaves them."""
    wanted = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"}
    assert configured(ecs, earlySuccessCriteria={"enable": True})["earlySuccessCriteria"] == wanted
    after = update(ecs, deploymentConfiguration={"maximumPercent": 150})
    assert after["deploymentConfiguration"]["earlySuccessCriteria"] == wanted


def test_early_success_is_not_shown_to_who_did_not_ask(ecs: Ecs, web: str) -> None:
    """Other members are shown with their defaults."""
    assert "earlySuccessCriteria" not in configured(ecs)


def test_threshold_has_a_default_and_is_kept(ecs: Ecs, web: str) -> None:
    """Half of the desired count, bounded; a healthy task resets the count."""
    shown = configured(ecs, deploymentCircuitBreaker=BREAKER)["deploymentCircuitBreaker"]
    assert shown == {
        **BREAKER,
        "resetOnHealthyTask": True,
        "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
    }
    own = {**BREAKER, "resetOnHealthyTask": False, "thresholdConfiguration": {"type": "COUNT", "value": 7}}
    after = update(ecs, deploymentConfiguration={"deploymentCircuitBreaker": own})
    assert after["deploymentConfiguration"]["deploymentCircuitBreaker"] == own
