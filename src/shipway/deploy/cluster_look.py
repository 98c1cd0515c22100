"""The look that `shipway why --all` takes: wide, not deep, and never more than CALLS_MAX calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.gather import Looks
from shipway.deploy.planning.cluster_report import (
    ClusterSeen,
    ClusterTrouble,
    State,
    judged_service,
    trouble_of,
)

Members = dict[str, Any]

SERVICES_MAX = 500  # ListServices gives 100 a call, DescribeServices takes 10
STOPPED_MAX = 300  # ListTasks gives 100 a call, DescribeTasks takes 100
DEPLOYMENTS_MAX = 40  # DescribeServiceDeployments takes 20
TARGET_GROUPS_MAX = 10
# One page more of either list tells that there is more.
CALLS_MAX = (5 + 1 + 50) + (3 + 1 + 3) + 2 + TARGET_GROUPS_MAX


def why_cluster(aws: Aws) -> ClusterTrouble:
    """The services that are not well, and the tasks outside services that failed."""
    return trouble_of(aws.ecs.cluster, look_at_cluster(aws))


def look_at_cluster(aws: Aws) -> ClusterSeen:
    looks = Looks()
    services, more = aws.ecs.first_services(SERVICES_MAX)
    if more:
        looks.say(f"more than {SERVICES_MAX} services")
    stopped: tuple[list[Members], bool] = looks.at(
        "the tasks that stopped", ([], False), aws.ecs.first_stopped_tasks, STOPPED_MAX
    )
    if stopped[1]:
        looks.say(f"more than {STOPPED_MAX} tasks that stopped")
    seen = ClusterSeen(tuple(services), tuple(stopped[0]))
    unclear = [one for one in services if _unclear(one, seen)]
    arns = [str(one["currentServiceDeployment"]) for one in unclear if one.get("currentServiceDeployment")]
    deployments = looks.at(
        "the service deployments", [], aws.ecs.service_deployments_described, arns[:DEPLOYMENTS_MAX]
    )
    return ClusterSeen(
        tuple(services),
        tuple(stopped[0]),
        tuple(deployments),
        tuple(_targets(aws, unclear, looks)),
        looks.unread,
    )


def _targets(
    aws: Aws, services: list[Members], looks: Looks
) -> Iterator[tuple[str, tuple[tuple[str, Members], ...]]]:
    asked = 0
    for service in services:
        groups = [
            str(one["targetGroupArn"])
            for one in service.get("loadBalancers") or ()
            if "targetGroupArn" in one
        ]
        found: list[tuple[str, Members]] = []
        for arn in groups[: TARGET_GROUPS_MAX - asked]:
            asked += 1
            health: list[Members] = looks.at("the targets' health", [], aws.elbv2.target_health, arn)
            found += [(arn, target) for target in health]
        yield str(service["serviceName"]), tuple(found)


def _unclear(service: Members, seen: ClusterSeen) -> bool:
    """Not well, or not yet, and what was read until now does not tell why."""
    judged = judged_service(service, seen)
    return judged.state is not State.WELL and judged.cause is None
