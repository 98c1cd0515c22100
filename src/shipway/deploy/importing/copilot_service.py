"""A Copilot manifest's service, as far as the manifest itself decides."""

from __future__ import annotations

from typing import Any

from shipway.deploy.importing.compose_values import seconds
from shipway.deploy.importing.copilot_task import TASK_LEFT
from shipway.deploy.importing.copilot_values import Place
from shipway.deploy.importing.source import Account, mapping

Members = dict[str, Any]

GRACE_PERIOD_S = 60
PERCENTS = {
    "default": {"minimumHealthyPercent": 100, "maximumPercent": 200},
    "recreate": {"minimumHealthyPercent": 0, "maximumPercent": 100},
}


def copilot_service(manifest: Members, place: Place, account: Account) -> Members:
    service: Members = {"serviceName": "${COPILOT_SERVICE:?the name of the ECS service}"}
    service |= _count(manifest.get("count", 1), account)
    if "capacityProviderStrategy" not in service:
        service["launchType"] = "FARGATE"
    service["deploymentConfiguration"] = _deployment(
        mapping(manifest.get("deployment"), "deployment"), account
    )
    service["propagateTags"] = "SERVICE"
    if manifest.get("exec"):
        service["enableExecuteCommand"] = True
    grace = _grace_period(manifest, place)
    if grace is not None:
        service["healthCheckGracePeriodSeconds"] = grace
    if manifest.get("network"):
        account.leave("network", TASK_LEFT["network"])
    return service


def _count(count: Any, account: Account) -> Members:
    if not isinstance(count, dict):
        return {"desiredCount": int(count)}
    if "spot" in count:
        spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        return {"desiredCount": int(count["spot"]), "capacityProviderStrategy": spot}
    account.leave("count.range", TASK_LEFT["count.range"])
    others = [key for key in count if key != "range"]
    if others:
        account.leave(f"count.{', '.join(others)}", TASK_LEFT["count.cooldown, cpu_percentage, requests..."])
    bounds = count.get("range")
    if not isinstance(bounds, dict) or bounds.get("spot_from") is None:
        return {}
    strategy: list[Members] = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    if int(bounds["spot_from"]) >= int(bounds.get("min", 0)):
        # The first ones on demand, the others on Spot.
        base = max(0, int(bounds["spot_from"]) - 1)
        strategy.append({"capacityProvider": "FARGATE", "weight": 0, "base": base})
    return {"capacityProviderStrategy": strategy}


def _deployment(deployment: Members, account: Account) -> Members:
    found: Members = {
        **PERCENTS.get(str(deployment.get("rolling", "default")), PERCENTS["default"]),
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    }
    alarms = deployment.get("rollback_alarms")
    if isinstance(alarms, list) and alarms:
        found["alarms"] = {"alarmNames": alarms, "enable": True, "rollback": True}
    elif alarms:
        account.leave("deployment.rollback_alarms", TASK_LEFT["rollback_alarms (a mapping)"])
    return found


def _grace_period(manifest: Members, place: Place) -> int | None:
    """ECS looks at it only behind a load balancer."""
    http = manifest.get("http")
    balanced = place.kind == "Load Balanced Web Service" and http is not False
    if not balanced and not (place.kind == "Backend Service" and http):
        return None
    check = http.get("healthcheck") if isinstance(http, dict) else None
    written = check.get("grace_period") if isinstance(check, dict) else None
    return GRACE_PERIOD_S if written is None else seconds(written)
