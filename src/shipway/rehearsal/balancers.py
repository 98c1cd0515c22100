"""Stand-ins for load balancers, made in the rehearsal's local ECS."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.calls import Calls
from shipway.rehearsal.stand_ins_balancing import Pair

Members = dict[str, Any]

FIRST_LISTENER_PORT = 8081


def make_balancers(elbv2: Calls, pairs: tuple[Pair, ...]) -> tuple[Members, ...]:
    """One load balancer for all, a listener for each pair, one more where it has one for tests."""
    if not pairs:
        return ()
    request = {"Name": "rehearsal", "Subnets": ["subnet-rehearsal"]}
    balancer = elbv2.call("CreateLoadBalancer", request)["LoadBalancers"][0]["LoadBalancerArn"]
    port, made = FIRST_LISTENER_PORT, []
    for pair in pairs:
        groups = [elbv2.call("CreateTargetGroup", group)["TargetGroups"][0] for group in pair.groups]
        arns = [str(group["TargetGroupArn"]) for group in groups]
        rules = [_listener(elbv2, balancer, port, arns)]
        if pair.tests:
            rules.append(_listener(elbv2, balancer, port + 1, arns[::-1]))
        port += len(rules)
        own: Members = {"targetGroupArn": arns[0]}
        if len(arns) > 1:
            own["advancedConfiguration"] = {
                "alternateTargetGroupArn": arns[1],
                "productionListenerRule": rules[0],
                **({"testListenerRule": rules[1]} if pair.tests else {}),
                "roleArn": "arn:aws:iam::000000000000:role/rehearsal",
            }
        made.append(own)
    return tuple(made)


def _listener(elbv2: Calls, balancer: str, port: int, arns: list[str]) -> str:
    """All traffic to the first; the ARN of its default rule."""
    weights = [{"TargetGroupArn": arn, "Weight": int(arn == arns[0])} for arn in arns]
    request = {
        "LoadBalancerArn": balancer,
        "Protocol": "HTTP",
        "Port": port,
        "DefaultActions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
    }
    listener = elbv2.call("CreateListener", request)["Listeners"][0]["ListenerArn"]
    return str(elbv2.call("DescribeRules", {"ListenerArn": listener})["Rules"][0]["RuleArn"])
