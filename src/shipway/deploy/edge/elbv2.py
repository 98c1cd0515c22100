"""Every call to Elastic Load Balancing that the deploy half makes."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.calls import Calls
from shipway.deploy.errors import AwsRefusal

Members = dict[str, Any]


class Elbv2:
    """Load balancers, target groups and listeners by name; absent things as None."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def load_balancer(self, name: str) -> Members | None:
        return self._one("DescribeLoadBalancers", {"Names": [name]}, "LoadBalancers")

    def load_balancer_by_arn(self, arn: str) -> Members | None:
        return self._one("DescribeLoadBalancers", {"LoadBalancerArns": [arn]}, "LoadBalancers")

    def target_group(self, name: str) -> Members | None:
        return self._one("DescribeTargetGroups", {"Names": [name]}, "TargetGroups")

    def target_group_by_arn(self, arn: str) -> Members | None:
        return self._one("DescribeTargetGroups", {"TargetGroupArns": [arn]}, "TargetGroups")

    def listeners(self, load_balancer_arn: str) -> list[Members]:
        answer = self._calls.call("DescribeListeners", {"LoadBalancerArn": load_balancer_arn})
        return list(answer.get("Listeners", ()))

    def rules(self, arns: list[str]) -> list[Members]:
        return list(self._calls.call("DescribeRules", {"RuleArns": arns}).get("Rules", ()))

    def listener_attributes(self, arn: str) -> dict[str, str]:
        answer = self._calls.call("DescribeListenerAttributes", {"ListenerArn": arn})
        return _attributes(answer)

    def target_group_attributes(self, arn: str) -> dict[str, str]:
        return _attributes(self._calls.call("DescribeTargetGroupAttributes", {"TargetGroupArn": arn}))

    def create_load_balancer(self, members: Members) -> Members:
        return _first(self._calls.call("CreateLoadBalancer", members), "LoadBalancers")

    def create_target_group(self, members: Members) -> Members:
        return _first(self._calls.call("CreateTargetGroup", members), "TargetGroups")

    def modify_target_group(self, arn: str, members: Members) -> None:
        self._calls.call("ModifyTargetGroup", {"TargetGroupArn": arn, **members})

    def set_target_group_attributes(self, arn: str, attributes: dict[str, str]) -> None:
        pairs = [{"Key": key, "Value": value} for key, value in sorted(attributes.items())]
        self._calls.call("ModifyTargetGroupAttributes", {"TargetGroupArn": arn, "Attributes": pairs})

    def create_listener(self, members: Members) -> Members:
        return _first(self._calls.call("CreateListener", members), "Listeners")

    def delete_listener(self, arn: str) -> None:
        self._calls.call("DeleteListener", {"ListenerArn": arn})

    def delete_load_balancer(self, arn: str) -> None:
        self._calls.call("DeleteLoadBalancer", {"LoadBalancerArn": arn})

    def delete_target_group(self, arn: str) -> None:
        self._calls.call("DeleteTargetGroup", {"TargetGroupArn": arn})

    def target_health(self, target_group_arn: str) -> list[Members]:
        answer = self._calls.call("DescribeTargetHealth", {"TargetGroupArn": target_group_arn})
        return list(answer.get("TargetHealthDescriptions", ()))

    def _one(self, operation: str, request: Members, member: str) -> Members | None:
        try:
            answer = self._calls.call(operation, request)
        except AwsRefusal as refusal:
            if refusal.code.endswith(("NotFound", "NotFoundException")):
                return None
            raise
        return next(iter(answer.get(member, ())), None)


def _first(answer: Members, member: str) -> Members:
    found: Members = answer[member][0]
    return found


def _attributes(answer: Members) -> dict[str, str]:
    return {pair["Key"]: pair.get("Value", "") for pair in answer.get("Attributes", ())}
