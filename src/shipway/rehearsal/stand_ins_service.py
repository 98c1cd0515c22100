"""What a service asks of AWS, stood in for. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shipway.model.capacity_provider import FARGATE_PROVIDERS

Members = dict[str, Any]
Tell = Callable[[str, str], None]

LEFT_OUT = {
    "volumeConfigurations": "volumes configured at launch",
    "vpcLatticeConfigurations": "VPC Lattice",
    "gatewayConnectors": "gateway connectors",
    "serviceRegistries": "Cloud Map",
    "serviceConnectConfiguration": "Service Connect",
}


def stood_in_service(service: Members, tell: Tell) -> Members:
    service = {**service}
    for member, name in LEFT_OUT.items():
        if service.pop(member, None):
            tell(name, "left out")
    _network(service, tell)
    _capacity(service, tell)
    if service.get("deploymentConfiguration"):
        service["deploymentConfiguration"] = _deployment(service["deploymentConfiguration"], tell)
    return service


def _network(service: Members, tell: Tell) -> None:
    network = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    for member, what in (("subnets", "subnets"), ("securityGroups", "security groups")):
        if network.get(member):
            names = ", ".join(map(str, network[member]))
            tell(f"{what} {names}", "a Docker network, in which everything reaches everything")


def _capacity(service: Members, tell: Tell) -> None:
    """Providers over Auto Scaling groups are not here; the rehearsal's container instances are."""
    strategy = service.pop("capacityProviderStrategy", None)
    if strategy:
        names = [str(item.get("capacityProvider")) for item in strategy]
        fargate = all(name in FARGATE_PROVIDERS for name in names)
        service["launchType"] = "FARGATE" if fargate else "EC2"
        instead = "launch type FARGATE" if fargate else "the rehearsal's container instances"
        tell(f"capacity provider {', '.join(names)}", instead)
    elif service.get("launchType") == "EXTERNAL":
        service["launchType"] = "EC2"
        tell("external instances", "the rehearsal's container instances")


def _deployment(configuration: Members, tell: Tell) -> Members:
    configuration = {**configuration}
    alarms = configuration.pop("alarms", None) or {}
    if alarms.get("enable", True) and alarms.get("alarmNames"):
        tell(f"alarms {', '.join(alarms['alarmNames'])}", "left out: none fires")
    hooks = configuration.get("lifecycleHooks") or []
    if hooks:
        kept = []
        for hook in hooks:
            target = str(hook.get("hookTargetArn") or "")
            if target.startswith("arn:"):
                tell(f"lifecycle hook {target.rpartition(':')[2]}", "left out: there is no Lambda here")
            else:
                kept.append(hook)
        configuration["lifecycleHooks"] = kept
    return configuration
