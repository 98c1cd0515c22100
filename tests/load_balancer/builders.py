"""Builders with full defaults, one a noun; each names its thing by a short word."""

from __future__ import annotations

from typing import Any

from shipway.model.arn import Place
from shipway.model.listener import Listener
from shipway.model.listener_action import Forward, ListenerAction, WeightedTargetGroup
from shipway.model.load_balancer import LoadBalancer, dns_name_of
from shipway.model.rule import Rule
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup

PLACE = Place("000000000000", "us-east-1")


def arn(resource: str) -> str:
    return PLACE.arn(resource, "elasticloadbalancing")


def a_load_balancer(name: str = "web", **members: Any) -> LoadBalancer:
    return LoadBalancer(
        load_balancer_arn=arn(f"loadbalancer/app/{name}/1"),
        name=name,
        dns_name=dns_name_of(name, "internet-facing"),
        **members,
    )


def a_target_group(name: str = "web", **members: Any) -> TargetGroup:
    return TargetGroup(target_group_arn=arn(f"targetgroup/{name}/1"), name=name, target_type="ip", **members)


def to_groups(*weighted: tuple[TargetGroup, int]) -> Forward:
    return Forward(
        target_groups=tuple(
            WeightedTargetGroup(target_group_arn=group.target_group_arn, weight=weight)
            for group, weight in weighted
        )
    )


def a_listener(
    load_balancer: LoadBalancer, action: ListenerAction, port: int = 80, **members: Any
) -> Listener:
    members.setdefault("bound_port", port)
    return Listener(
        listener_arn=arn(f"listener/{load_balancer.path}/{port}"),
        load_balancer_arn=load_balancer.load_balancer_arn,
        default_rule_arn=arn(f"listener-rule/{load_balancer.path}/{port}/0"),
        port=port,
        default_action=action,
        **members,
    )


def a_rule(listener: Listener, priority: int, **members: Any) -> Rule:
    return Rule(
        rule_arn=arn(f"listener-rule/{listener.path}/{priority}"),
        listener_arn=listener.listener_arn,
        priority=priority,
        **members,
    )


def a_target(group: TargetGroup, port: int = 8080, address: str = "127.0.0.1", **members: Any) -> Target:
    members.setdefault("target_id", address)
    return Target(
        target_group_arn=group.target_group_arn,
        port=port,
        address=address,
        address_port=port,
        registered_at=0,
        state_since=0,
        **members,
    )
