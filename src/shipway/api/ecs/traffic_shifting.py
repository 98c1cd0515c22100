"""What BLUE_GREEN, LINEAR and CANARY ask of a request: a configuration, and load balancers to shift."""

from __future__ import annotations

import re
from typing import Any

from shipway.api.ecs.capacity_providers import unsupported
from shipway.api.ecs.identifiers import invalid
from shipway.api.ecs.lifecycle_hooks import hook_wire, lifecycle_hooks
from shipway.model.listener import Listener
from shipway.model.record import Document
from shipway.model.rule import Rule
from shipway.model.service import DeploymentConfiguration
from shipway.model.service_revision import LoadBalancerBinding
from shipway.model.traffic_shift import CanaryConfiguration, LinearConfiguration
from shipway.store import Reads

ELB_ARN = r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:"
RULE_ARN = re.compile(ELB_ARN + r"listener-rule/app/[^/]+/[^/]+/[^/]+/[^/]+")
NETWORK_LISTENER_ARN = re.compile(ELB_ARN + r"listener/net/[^/]+/[^/]+/[^/]+")
BAKE_MAX_MIN = 1440


def shifting_members(plain: Document, before: DeploymentConfiguration, strategy: str) -> dict[str, Any]:
    """The members of the strategy. A configuration that belongs to another one is dropped, as ECS does."""
    hooks = plain.get("lifecycleHooks")
    linear, canary = plain.get("linearConfiguration"), plain.get("canaryConfiguration")
    members: dict[str, Any] = {
        "linear": None,
        "canary": None,
        "lifecycle_hooks": before.lifecycle_hooks if hooks is None else lifecycle_hooks(hooks),
    }
    if strategy == "LINEAR":
        kept = before.linear or LinearConfiguration()
        members["linear"] = kept if linear is None else linear_configuration(linear)
    if strategy == "CANARY":
        earlier = before.canary or CanaryConfiguration()
        members["canary"] = earlier if canary is None else canary_configuration(canary)
    return members


def linear_configuration(plain: Document) -> LinearConfiguration:
    percent, minutes = plain.get("stepPercent"), plain.get("stepBakeTimeInMinutes")
    percent, minutes = 10.0 if percent is None else percent, 6 if minutes is None else minutes
    check_percent("stepPercent", percent, 3.0)
    check_minutes("stepBakeTimeInMinutes", minutes)
    return LinearConfiguration(step_percent=percent, step_bake_time_ms=minutes * 60_000)


def canary_configuration(plain: Document) -> CanaryConfiguration:
    percent, minutes = plain.get("canaryPercent"), plain.get("canaryBakeTimeInMinutes")
    percent, minutes = 5.0 if percent is None else percent, 10 if minutes is None else minutes
    check_percent("canaryPercent", percent, 0.1)
    check_minutes("canaryBakeTimeInMinutes", minutes)
    return CanaryConfiguration(canary_percent=percent, canary_bake_time_ms=minutes * 60_000)


def check_percent(name: str, percent: float, least: float) -> None:
    tenths = percent * 10
    if not least <= percent <= 100 or abs(tenths - round(tenths)) > 1e-6:
        raise invalid(f"{name} must be a multiple of 0.1 between {least} and 100.0.")


def check_minutes(name: str, minutes: int) -> None:
    if not 0 <= minutes <= BAKE_MAX_MIN:
        raise invalid(f"{name} must be between 0 and {BAKE_MAX_MIN}.")


def shifting_wire(configuration: DeploymentConfiguration) -> Document:
    """The members that only some strategies have; hooks are shown with ROLLING too, where they do nothing."""
    wire: Document = {}
    if configuration.strategy != "ROLLING" or configuration.lifecycle_hooks:
        wire["lifecycleHooks"] = [hook_wire(hook) for hook in configuration.lifecycle_hooks]
    if configuration.linear is not None:
        wire["linearConfiguration"] = {
            "stepPercent": configuration.linear.step_percent,
            "stepBakeTimeInMinutes": configuration.linear.step_bake_time_ms // 60_000,
        }
    if configuration.canary is not None:
        wire["canaryConfiguration"] = {
            "canaryPercent": configuration.canary.canary_percent,
            "canaryBakeTimeInMinutes": configuration.canary.canary_bake_time_ms // 60_000,
        }
    return wire


def check_controller(controller: str, strategy: str) -> None:
    if controller != "ECS" and strategy != "ROLLING":
        raise invalid(f"The {strategy} deployment strategy needs the ECS deployment controller.")


def check_advanced(plain: Document) -> None:
    """The form of one entry's `advancedConfiguration`."""
    advanced = plain.get("advancedConfiguration")
    if advanced is None:
        return
    if plain.get("loadBalancerName"):
        raise invalid("advancedConfiguration field is not allowed with ELBv1 loadBalancers")
    for name in ("alternateTargetGroupArn", "productionListenerRule"):
        if not advanced.get(name):
            raise invalid(f"advancedConfiguration needs {name}.")
    production, test = advanced["productionListenerRule"], advanced.get("testListenerRule")
    check_rule_arn("productionListenerRule", production)
    if test is not None:
        check_rule_arn("testListenerRule", test)
    if production == test:
        raise invalid(
            f"The following rules cannot be used as both production and test listener rules: {test}"
        )


def check_rule_arn(name: str, arn: str) -> None:
    if NETWORK_LISTENER_ARN.fullmatch(arn):
        raise unsupported("Network Load Balancers")
    if not RULE_ARN.fullmatch(arn):
        raise invalid(
            f"{name} has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: {arn}"
        )


def check_all_or_none(plain: list[Document]) -> None:
    advanced = [entry.get("advancedConfiguration") is not None for entry in plain]
    if any(advanced) and not all(advanced):
        raise invalid(
            "Either all or none of the provided loadBalancers must have advancedConfiguration defined"
        )


def check_shiftable(
    configuration: DeploymentConfiguration, bindings: tuple[LoadBalancerBinding, ...]
) -> None:
    """No load balancer at all is fine: such a service passes the stages without traffic."""
    if configuration.strategy != "ROLLING" and any(entry.advanced is None for entry in bindings):
        raise invalid(
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING "
            "deployment strategy"
        )


def check_rules_exist(state: Reads, bindings: tuple[LoadBalancerBinding, ...]) -> None:
    for entry in bindings:
        advanced = entry.advanced
        arns = (advanced.production_rule_arn, advanced.test_rule_arn) if advanced is not None else ()
        if any(arn is not None and not rule_exists(state, arn) for arn in arns):
            raise invalid("One or more rules not found")


def rule_exists(state: Reads, arn: str) -> bool:
    default = any(listener.default_rule_arn == arn for listener in state.all(Listener))
    return default or state.get(Rule, arn) is not None
