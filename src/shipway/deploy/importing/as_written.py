"""What ECS describes, cut back to what somebody had to write: read-only members and defaults dropped."""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.ecs_members import READ_ONLY
from shipway.deploy.planning.canonical import CONTAINER_DEFAULTS, HEALTH_DEFAULTS, PORT_DEFAULTS
from shipway.deploy.planning.release import ON_THE_DEPLOYMENT, live_member

Members = dict[str, Any]

OWNED_BY_AWS = "aws:"
# What AWS and Shipway put on by themselves.
OWNED = (OWNED_BY_AWS, "shipway:")
SERVICE_ROLE = "/aws-service-role/"
# What ECS writes into its answer where CreateService left the member out.
SERVICE_DEFAULTS: Members = {
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "platformVersion": "LATEST",
    "healthCheckGracePeriodSeconds": 0,
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "propagateTags": "NONE",
    "availabilityZoneRebalancing": "ENABLED",
    "serviceConnectConfiguration": {"enabled": False},
}
PERCENTS = {
    "REPLICA": {"maximumPercent": 200, "minimumHealthyPercent": 100},
    "DAEMON": {"maximumPercent": 100, "minimumHealthyPercent": 0},
}
BREAKER_DEFAULTS: Members = {
    "resetOnHealthyTask": True,
    "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
}
NETWORK_DEFAULTS: Members = {"assignPublicIp": "DISABLED", "securityGroups": []}
CONFIGURATION_DEFAULTS: Members = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "alarms": {"alarmNames": [], "rollback": False, "enable": False},
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}


def definition_as_written(described: Members, tags: list[Members]) -> Members:
    """A task definition that registers the same again."""
    own = _without_read_only("RegisterTaskDefinition", described)
    own.pop("tags", None)
    if own.get("enableFaultInjection") is False:
        own.pop("enableFaultInjection")
    mode = own.get("networkMode")
    own["containerDefinitions"] = [_container(item, mode) for item in own.get("containerDefinitions") or ()]
    return _filled(own) | _tags(tags)


def service_as_written(described: Members, tags: list[Members]) -> Members:
    """CreateService's members. What is shown on the primary deployment only comes from there."""
    own = _without_read_only("CreateService", described)
    for name in ("cluster", "taskDefinition", "tags"):
        own.pop(name, None)
    own |= {key: live_member(described, key) for key in ON_THE_DEPLOYMENT}
    role = str(described.get("roleArn") or "")
    if role and SERVICE_ROLE not in role:
        own["role"] = role
    if own.get("capacityProviderStrategy"):
        # CreateService takes one or the other.
        own.pop("launchType", None)
    scheduling = str(own.get("schedulingStrategy", "REPLICA"))
    if scheduling == "DAEMON":
        # One task on each instance: there is no count, and nothing to balance.
        own.pop("desiredCount", None)
        own.pop("availabilityZoneRebalancing", None)
    configuration = dict(own.get("deploymentConfiguration") or {})
    if breaker := configuration.get("deploymentCircuitBreaker"):
        configuration["deploymentCircuitBreaker"] = _without(breaker, BREAKER_DEFAULTS)
    own["deploymentConfiguration"] = _without(configuration, CONFIGURATION_DEFAULTS | PERCENTS[scheduling])
    network = (own.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if network:
        own["networkConfiguration"] = {"awsvpcConfiguration": _without(network, NETWORK_DEFAULTS)}
    return _filled(_without(own, SERVICE_DEFAULTS)) | _tags(tags)


def aws_tags(tags: list[Members]) -> dict[str, str]:
    """Those that an AWS service has put on, CloudFormation above all."""
    return {
        tag["key"]: tag.get("value", "") for tag in tags if str(tag.get("key", "")).startswith(OWNED_BY_AWS)
    }


def _without_read_only(operation: str, described: Members) -> Members:
    return {key: value for key, value in described.items() if key not in READ_ONLY[operation]}


def _container(container: Members, mode: str | None) -> Members:
    own = _without(container, CONTAINER_DEFAULTS)
    if own.get("portMappings"):
        own["portMappings"] = [_port(mapping, mode) for mapping in own["portMappings"]]
    if own.get("healthCheck"):
        own["healthCheck"] = _without(own["healthCheck"], HEALTH_DEFAULTS)
    return _filled(own)


def _port(mapping: Members, mode: str | None) -> Members:
    own = _without(mapping, PORT_DEFAULTS)
    by_itself = own.get("containerPort") if mode in ("awsvpc", "host") else 0
    if own.get("hostPort") == by_itself:
        own.pop("hostPort", None)
    return own


def _without(members: Members, defaults: Members) -> Members:
    return {key: value for key, value in members.items() if key not in defaults or value != defaults[key]}


def _filled(members: Members) -> Members:
    return {key: value for key, value in members.items() if value not in (None, [], {}, "")}


def _tags(tags: list[Members]) -> Members:
    own = [tag for tag in tags if not str(tag.get("key", "")).startswith(OWNED)]
    return {"tags": own} if own else {}
