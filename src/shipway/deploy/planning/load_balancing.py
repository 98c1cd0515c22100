"""The load balancer, target group and listener in front of a service: what must be made or changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.deploy.application.application import LoadBalancer
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import (
    Action,
    CreateListener,
    CreateLoadBalancer,
    CreateTargetGroup,
    ModifyTargetGroup,
    Plan,
    SetTargetGroupAttributes,
)

Members = dict[str, Any]

DELAY = "deregistration_delay.timeout_seconds"
NAME_LENGTH_MAX = 32


@dataclass(frozen=True)
class BalancerWish:
    """The block in `shipway.yml`, its name settled, and what the service's network mode makes of it."""

    block: LoadBalancer
    name: str
    target_type: str
    create: bool
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True)
class BalancerSeen:
    """What Elastic Load Balancing has of these names."""

    load_balancer: Members | None = None
    target_group: Members | None = None
    target_group_attributes: tuple[tuple[str, str], ...] = ()
    listeners: tuple[Members, ...] = ()


def balancer_wish(
    block: LoadBalancer, application_name: str, definition: Members, service: Members, create: bool
) -> BalancerWish:
    name = block.name or application_name
    if len(name) > NAME_LENGTH_MAX or "_" in name:
        raise DeployError(
            f"{name!r} cannot name a load balancer: letters, digits and '-', at most {NAME_LENGTH_MAX}. "
            "Write load_balancer.name."
        )
    if service.get("loadBalancers"):
        raise DeployError(
            "shipway.yml has both load_balancer and service.loadBalancers. Keep the one that you mean."
        )
    names = [container["name"] for container in definition["containerDefinitions"]]
    if block.container not in names:
        raise DeployError(
            f"load_balancer.container is {block.container!r}, which the task definition does not have. "
            f"It has: {', '.join(names)}."
        )
    mapped = [
        mapping["containerPort"]
        for container in definition["containerDefinitions"]
        if container["name"] == block.container
        for mapping in container.get("portMappings") or []
        if mapping.get("containerPort")
    ]
    if block.container_port not in mapped:
        raise DeployError(
            f"load_balancer.container_port is {block.container_port}, but the container {block.container} "
            f"maps {', '.join(map(str, mapped)) or 'no port'}. Add it to the container's portMappings."
        )
    network = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    return BalancerWish(
        block=block,
        name=name,
        target_type="ip" if definition.get("networkMode") == "awsvpc" else "instance",
        create=create if block.create is None else block.create,
        subnets=block.subnets or tuple(network.get("subnets") or ()),
        security_groups=block.security_groups or tuple(network.get("securityGroups") or ()),
    )


def plan_load_balancing(wish: BalancerWish, seen: BalancerSeen, *, local: bool) -> Plan:
    """By name, so that a second run finds what the first one made."""
    actions: list[Action] = []
    if seen.load_balancer is None:
        _must_create(wish, "load balancer")
        if not local and not wish.subnets:
            raise DeployError(
                f"The load balancer {wish.name} needs at least two subnets. Write load_balancer.subnets."
            )
        actions.append(CreateLoadBalancer(wish.name, _load_balancer(wish), "there is none of this name yet"))
    if seen.target_group is None:
        _must_create(wish, "target group")
        actions.append(CreateTargetGroup(wish.name, _target_group(wish), "there is none of this name yet"))
    else:
        actions += _adjusted(wish, seen.target_group)
    attributes = ((DELAY, str(wish.block.deregistration_delay)),)
    if dict(seen.target_group_attributes).get(DELAY) != attributes[0][1]:
        reason = "the delay for requests in flight, as shipway.yml says"
        actions.append(SetTargetGroupAttributes(wish.name, attributes, reason))
    listener = next((found for found in seen.listeners if found["Port"] == wish.block.listener_port), None)
    if listener is None:
        _must_create(wish, f"listener on port {wish.block.listener_port}")
        actions.append(
            CreateListener(wish.name, wish.block.listener_port, "nothing listens on this port yet")
        )
    elif seen.target_group is not None and not _forwards(listener, seen.target_group["TargetGroupArn"]):
        raise DeployError(
            f"The listener on port {wish.block.listener_port} of {wish.name} forwards elsewhere. "
            "Choose another load_balancer.listener_port, or change that listener yourself."
        )
    return tuple(actions)


def _must_create(wish: BalancerWish, what: str) -> None:
    if not wish.create:
        raise DeployError(
            f"There is no {what} for {wish.name}, and Shipway makes none here unless asked. "
            "Write load_balancer.create: true, or create it first."
        )


def _load_balancer(wish: BalancerWish) -> Members:
    members: Members = {
        "Name": wish.name,
        "Type": "application",
        "Scheme": "internal" if wish.block.internal else "internet-facing",
    }
    if wish.subnets:
        members["Subnets"] = list(wish.subnets)
    if wish.security_groups:
        members["SecurityGroups"] = list(wish.security_groups)
    return members


def _target_group(wish: BalancerWish) -> Members:
    return {
        "Name": wish.name,
        "Protocol": "HTTP",
        "Port": wish.block.container_port,
        "TargetType": wish.target_type,
        **_health_check(wish),
    }


def _health_check(wish: BalancerWish) -> Members:
    check = wish.block.health_check
    return {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": check.path,
        "HealthCheckPort": check.port,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "Matcher": {"HttpCode": check.matcher},
    }


def _adjusted(wish: BalancerWish, target_group: Members) -> list[Action]:
    if target_group.get("TargetType", "instance") != wish.target_type:
        raise DeployError(
            f"The target group {wish.name} is of type {target_group.get('TargetType')}, but this "
            f"network mode needs type {wish.target_type}, which cannot be changed. "
            "Choose another load_balancer.name."
        )
    wanted = _health_check(wish)
    changed = {key: value for key, value in wanted.items() if target_group.get(key) != value}
    if not changed:
        return []
    return [
        ModifyTargetGroup(wish.name, changed, "the health check in shipway.yml differs from the live one")
    ]


def _forwards(listener: Members, target_group_arn: str) -> bool:
    return target_group_arn in repr(listener.get("DefaultActions"))
