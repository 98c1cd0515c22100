"""Elastic Load Balancing beside the ECS under test, over the same store: a listener that traffic comes by."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.dispatch import handler_of
from shipway.api.shapes import service_shapes
from shipway.model.listener import Listener
from shipway.model.listener_action import Forward
from tests.api_ecs.front import Ecs


def elb(ecs: Ecs, operation_name: str, **members: Any) -> dict[str, Any]:
    operation = service_shapes("elbv2").operation(operation_name)
    assert operation is not None, operation_name
    handler = handler_of("elbv2", operation.function_name)
    assert handler is not None, operation_name
    answer: dict[str, Any] = handler(ecs.call, operation.decoder.decode(msgspec.json.encode(members)))
    return answer


def target_group(ecs: Ecs, name: str) -> str:
    created = elb(ecs, "CreateTargetGroup", Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1")
    return str(created["TargetGroups"][0]["TargetGroupArn"])


def listener(ecs: Ecs, *target_group_arns: str) -> str:
    """A load balancer with one listener that forwards to the first target group."""
    created = elb(ecs, "CreateLoadBalancer", Name="lb", Subnets=["subnet-1", "subnet-2"])
    arn = created["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": target_group_arns[0]}]
    made = elb(ecs, "CreateListener", LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=forward)
    return str(made["Listeners"][0]["ListenerArn"])


def shift(ecs: Ecs, listener_arn: str, weights: dict[str, int]) -> None:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    elb(ecs, "ModifyListener", ListenerArn=listener_arn, DefaultActions=[action])


def weights_of(ecs: Ecs, listener_arn: str) -> dict[str, int]:
    found = ecs.store.state.get(Listener, listener_arn)
    assert found is not None and isinstance(found.default_action, Forward)
    return {group.target_group_arn: group.weight for group in found.default_action.target_groups}
