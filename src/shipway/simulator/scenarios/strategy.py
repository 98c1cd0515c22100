"""How a service of a scenario is deployed, as the API wants it: strategy, steps, waits, hooks."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from shipway.simulator.functions import FAILED, SUCCEEDED, SimulatedFunctions
from shipway.simulator.scenarios.description import Hook, Seconds, Service

Document = dict[str, Any]
ROLE = "arn:aws:iam::000000000000:role/ecsInfrastructureRole"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function"


def deployment_configuration(service: Service, *, hooks: bool) -> Document:
    """With its hooks or without: a service's first deployment has none, or it would wait for them."""
    document: Document = {
        "minimumHealthyPercent": service.minimum_healthy_percent,
        "maximumPercent": service.maximum_percent,
        "deploymentCircuitBreaker": {
            "enable": service.circuit_breaker,
            "rollback": service.circuit_breaker,
        },
    }
    if service.alarms:
        document["alarms"] = {"alarmNames": service.alarms, "enable": True, "rollback": True}
    if service.strategy != "ROLLING":
        document["strategy"] = service.strategy
    _said(document, "bakeTimeInMinutes", minutes(service.bake_time))
    linear: Document = {}
    _said(linear, "stepPercent", service.step_percent)
    _said(linear, "stepBakeTimeInMinutes", minutes(service.step_bake_time))
    _said(document, "linearConfiguration", linear or None)
    canary: Document = {}
    _said(canary, "canaryPercent", service.canary_percent)
    _said(canary, "canaryBakeTimeInMinutes", minutes(service.canary_bake_time))
    _said(document, "canaryConfiguration", canary or None)
    if hooks and service.lifecycle_hooks:
        document["lifecycleHooks"] = [
            _hook(service, number, hook) for number, hook in enumerate(service.lifecycle_hooks, 1)
        ]
    return document


def _hook(service: Service, number: int, hook: Hook) -> Document:
    document: Document = {"targetType": hook.target_type, "lifecycleStages": hook.lifecycle_stages}
    if hook.target_type == "AWS_LAMBDA":
        document |= {"hookTargetArn": _function(service, number), "roleArn": ROLE}
    if hook.timeout is not None:
        timeout = {"timeoutInMinutes": minutes(hook.timeout), "action": hook.timeout_action}
        document["timeoutConfiguration"] = timeout
    return document


def give_functions(functions: SimulatedFunctions, service: Service, chance: random.Random) -> None:
    """Each hook's function takes the time that is drawn when it is asked."""
    for number, hook in enumerate(service.lifecycle_hooks, 1):

        async def answer(hook: Hook = hook) -> bytes:
            await asyncio.sleep(chance.uniform(hook.takes.low_s, hook.takes.high_s))
            return FAILED if hook.fails else SUCCEEDED

        functions.named[_function(service, number)] = answer


def _function(service: Service, number: int) -> str:
    return f"{FUNCTION}:{service.name}-{number}"


def minutes(length: Seconds | None) -> int | None:
    return None if length is None else round(length / 60)


def _said(document: Document, key: str, value: Any) -> None:
    """What is not said is left to the API's default."""
    if value is not None:
        document[key] = value
