"""Steps of the tests about services."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.listener import Listener
from shipway.model.listener_action import Forward, WeightedTargetGroup
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target_group import TargetGroup
from tests.api_ecs.front import START, Ecs

PREFIX = "arn:aws:ecs:us-east-1:000000000000:"
ELB = "arn:aws:elasticloadbalancing:us-east-1:000000000000:"
TARGET_GROUP = f"{ELB}targetgroup/tg/0123456789abcdef"
Wire = dict[str, Any]


def create(ecs: Ecs, **members: Any) -> Wire:
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 2, **members}
    service: Wire = ecs("CreateService", **wanted)["service"]
    return service


def update(ecs: Ecs, **members: Any) -> Wire:
    service: Wire = ecs("UpdateService", service="s", **members)["service"]
    return service


def described(ecs: Ecs, **members: Any) -> Wire:
    service: Wire = ecs("DescribeServices", services=["s"], **members)["services"][0]
    return service


def complete(ecs: Ecs) -> None:
    """The services loop's ending of a good deployment, by hand."""
    with ecs.store.transaction() as tx:
        (service,) = tx.all(Service)
        revision = tx.get(ServiceRevision, service.revision_arn)
        assert revision is not None
        deployment = tx.get(ServiceDeployment, service.service_deployment_arn or "")
        assert deployment is not None
        tx.put(replace(revision, rollout_state="COMPLETED", completed_at=START))
        tx.put(replace(deployment, status="SUCCESSFUL", finished_at=START))
        tx.put(replace(service, service_deployment_arn=None))


def put_target_group(ecs: Ecs, target_type: str = "instance", *, listener: bool = True) -> list[Wire]:
    group = TargetGroup(target_group_arn=TARGET_GROUP, name="tg", target_type=target_type)
    with ecs.store.transaction() as tx:
        tx.put(group)
        if listener:
            forward = Forward(target_groups=(WeightedTargetGroup(target_group_arn=TARGET_GROUP),))
            arn = f"{ELB}listener/app/lb/1/2"
            tx.put(
                Listener(
                    listener_arn=arn,
                    load_balancer_arn=f"{ELB}loadbalancer/app/lb/1",
                    default_rule_arn=arn.replace("listener/", "listener-rule/"),
                    port=80,
                    default_action=forward,
                )
            )
    return [{"targetGroupArn": TARGET_GROUP, "containerName": "web", "containerPort": 80}]
