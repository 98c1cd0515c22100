"""`deploymentConfiguration`: read, checked, and shown fully expanded as ECS does."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.ecs.early_success_rules import check_early_success, early_success, early_success_wire
from shipway.api.ecs.identifiers import invalid, one_of
from shipway.api.ecs.traffic_shifting import shifting_members, shifting_wire
from shipway.api.shapes import document
from shipway.model.record import Document
from shipway.model.service import CircuitBreaker, DeploymentAlarms, DeploymentConfiguration

OWN_MEMBERS = (
    "minimumHealthyPercent",
    "maximumPercent",
    "deploymentCircuitBreaker",
    "alarms",
    "earlySuccessCriteria",
    "strategy",
    "bakeTimeInMinutes",
    "linearConfiguration",
    "canaryConfiguration",
    "lifecycleHooks",
)
STRATEGIES = ("ROLLING", "BLUE_GREEN", "LINEAR", "CANARY")
THRESHOLD_TYPES = ("COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT")


def deployment_configuration(given: Any, before: DeploymentConfiguration) -> DeploymentConfiguration:
    """The configuration after a request: what it leaves out stays as it was."""
    plain: Document = document(given) or {}
    given_strategy = one_of(plain.get("strategy"), STRATEGIES, "strategy")
    strategy = given_strategy or before.strategy
    breaker = plain.get("deploymentCircuitBreaker")
    bake_minutes = plain.get("bakeTimeInMinutes")
    criteria = plain.get("earlySuccessCriteria")
    after = replace(
        before,
        minimum_healthy_percent=plain.get("minimumHealthyPercent", before.minimum_healthy_percent),
        maximum_percent=plain.get("maximumPercent", before.maximum_percent),
        circuit_breaker=before.circuit_breaker if breaker is None else circuit_breaker(breaker),
        alarms=before.alarms if plain.get("alarms") is None else alarms(plain["alarms"]),
        early_success=before.early_success if criteria is None else early_success(criteria),
        strategy=strategy,
        **shifting_members(plain, before, strategy),
        bake_time_ms=before.bake_time_ms if bake_minutes is None else bake_minutes * 60_000,
        verbatim={
            **before.verbatim,
            **{member: value for member, value in plain.items() if member not in OWN_MEMBERS},
        },
    )
    check(after)
    return after


def circuit_breaker(plain: Document) -> CircuitBreaker:
    threshold = plain.get("thresholdConfiguration") or {"type": "BOUNDED_PERCENT", "value": 50}
    one_of(threshold["type"], THRESHOLD_TYPES, "thresholdConfiguration.type")
    most = None if threshold["type"] == "COUNT" else 100
    if threshold["value"] < 1 or (most is not None and threshold["value"] > most):
        raise invalid("thresholdConfiguration.value must be at least 1, and at most 100 for a percentage.")
    reset = plain.get("resetOnHealthyTask")
    return CircuitBreaker(
        enable=plain["enable"],
        rollback=plain["rollback"],
        reset_on_healthy_task=True if reset is None else reset,
        threshold_type=threshold["type"],
        threshold_value=threshold["value"],
    )


def alarms(plain: Document) -> DeploymentAlarms:
    return DeploymentAlarms(plain["enable"], plain["rollback"], tuple(plain["alarmNames"]))


def check(configuration: DeploymentConfiguration) -> None:
    least, most = configuration.minimum_healthy_percent, configuration.maximum_percent
    if least > 100:
        raise invalid("minimumHealthyPercent must be at most 100")
    if least < 0 or most < least or most < 1:
        raise invalid(f"maximumPercent {most} and minimumHealthyPercent {least} do not fit each other.")
    if least == most == 100 and configuration.strategy == "ROLLING":
        raise invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments"
        )
    check_early_success(configuration)
    if not 0 <= (configuration.bake_time_ms or 0) <= 1440 * 60_000:
        raise invalid("bakeTimeInMinutes must be between 0 and 1440.")


def configuration_wire(configuration: DeploymentConfiguration) -> Document:
    breaker = configuration.circuit_breaker
    return {
        "deploymentCircuitBreaker": {
            "enable": breaker.enable,
            "rollback": breaker.rollback,
            "resetOnHealthyTask": breaker.reset_on_healthy_task,
            "thresholdConfiguration": {"type": breaker.threshold_type, "value": breaker.threshold_value},
        },
        "maximumPercent": configuration.maximum_percent,
        "minimumHealthyPercent": configuration.minimum_healthy_percent,
        "alarms": {
            "alarmNames": list(configuration.alarms.names),
            "rollback": configuration.alarms.rollback,
            "enable": configuration.alarms.enable,
        },
        "strategy": configuration.strategy,
        "bakeTimeInMinutes": (configuration.bake_time_ms or 0) // 60_000,
        **shifting_wire(configuration),
        **early_success_wire(configuration.early_success),
        **configuration.verbatim,
    }
