"""Load balancers of simulated services: one target group, or two between which traffic shifts."""

from __future__ import annotations

from typing import Any

from shipway.simulator.world import World

Document = dict[str, Any]
FIRST_PORT = 8080
FIRST_TEST_PORT = 9080


async def load_balancer(world: World, number: int, awsvpc: bool, shifting: bool) -> Document:
    """The entry of CreateService's `loadBalancers` for the service with this number."""
    name = f"web-{number}"
    group = await target_group(world, name, awsvpc)
    subnets = ["subnet-1", "subnet-2"]
    balancer = await world.call("CreateLoadBalancer", "elbv2", Name=name, Subnets=subnets)
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    entry = {"targetGroupArn": group, "containerName": "main", "containerPort": 80}
    if not shifting:
        await listener(world, arn, FIRST_PORT + number, {group: 1})
        return entry
    alternate = await target_group(world, f"{name}-alternate", awsvpc)
    advanced = {
        "alternateTargetGroupArn": alternate,
        "productionListenerRule": await listener(world, arn, FIRST_PORT + number, {group: 1, alternate: 0}),
        "roleArn": "arn:aws:iam::000000000000:role/ecsInfrastructureRole",
    }
    if world.chance.of("target groups").random() < 0.5:
        advanced["testListenerRule"] = await listener(world, arn, FIRST_TEST_PORT + number, {alternate: 1})
    return {**entry, "advancedConfiguration": advanced}


async def target_group(world: World, name: str, awsvpc: bool) -> str:
    """Its ARN."""
    chance = world.chance.of("target groups")
    group = await world.call(
        "CreateTargetGroup",
        "elbv2",
        Name=name,
        Protocol="HTTP",
        Port=80,
        VpcId="vpc-1",
        TargetType="ip" if awsvpc else "instance",
        HealthCheckIntervalSeconds=chance.choice((10, 30)),
        UnhealthyThresholdCount=chance.choice((2, 3)),
    )
    arn: str = group["TargetGroups"][0]["TargetGroupArn"]
    delay = chance.choice(("0", "10", "60"))
    await world.call(
        "ModifyTargetGroupAttributes",
        "elbv2",
        TargetGroupArn=arn,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}],
    )
    return arn


async def listener(world: World, load_balancer_arn: str, port: int, weights: dict[str, int]) -> str:
    """The ARN of its default rule."""
    made = await world.call(
        "CreateListener",
        "elbv2",
        LoadBalancerArn=load_balancer_arn,
        Protocol="HTTP",
        Port=port,
        DefaultActions=[forward(weights)],
    )
    rules = await world.call("DescribeRules", "elbv2", ListenerArn=made["Listeners"][0]["ListenerArn"])
    arn: str = rules["Rules"][0]["RuleArn"]
    return arn


async def reset_listener(world: World, entry: Document) -> None:
    """What a service that was deleted half-way left divided is mended by its user: ECS asks for one group."""
    advanced = entry["advancedConfiguration"]
    weights = {entry["targetGroupArn"]: 1, advanced["alternateTargetGroupArn"]: 0}
    arn = advanced["productionListenerRule"].replace(":listener-rule/", ":listener/").rpartition("/")[0]
    await world.call("ModifyListener", "elbv2", ListenerArn=arn, DefaultActions=[forward(weights)])


def forward(weights: dict[str, int]) -> Document:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
