"""The look that a prediction needs: container instances, the service's tasks, how long they take."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.follow import resilient
from shipway.deploy.planning.actions import CreateService, Plan, UpdateService
from shipway.deploy.planning.assumed_times import assumed_times
from shipway.deploy.planning.live_snapshot import Cluster, Rollout, snapshot_of
from shipway.deploy.planning.load_balancing import DELAY
from shipway.deploy.planning.prediction import Prediction, predict
from shipway.deploy.planning.release import Seen, Wanted

Members = dict[str, Any]


def foreseen(aws: Aws, wanted: Wanted, seen: Seen, release: Plan) -> Prediction | None:
    """None when no task moves, there is no cluster yet, or it is not the rolling pass that moves them."""
    action = next((item for item in release if isinstance(item, CreateService | UpdateService)), None)
    cluster_arn = (seen.service or seen.cluster or {}).get("clusterArn")
    if action is None or cluster_arn is None:
        return None
    replaces = isinstance(action, CreateService) or action.deploys
    if not replaces and "desiredCount" not in action.members:
        return None
    service = {**(seen.service or {}), **action.members}
    if seen.service is not None:
        old = seen.service.get("deploymentConfiguration") or {}
        service["deploymentConfiguration"] = {**old, **(action.members.get("deploymentConfiguration") or {})}
    strategy = (service.get("deploymentConfiguration") or {}).get("strategy", "ROLLING")
    controller = (service.get("deploymentController") or {}).get("type", "ECS")
    scheduling = service.get("schedulingStrategy", "REPLICA")
    if (controller, scheduling, strategy) != ("ECS", "REPLICA", "ROLLING"):
        return None
    tasks = _tasks(aws, wanted.service_name) if seen.service else []
    cluster = Cluster(str(cluster_arn), tuple(aws.ecs.container_instances()), tuple(tasks))
    known = {str(seen.live["taskDefinitionArn"]): seen.live} if seen.live else {}
    rollout = Rollout(wanted.service_name, service, wanted.task_definition, replaces, known)
    times = assumed_times(tuple(tasks), _delay_s(aws, wanted, service))
    return predict(snapshot_of(cluster, rollout), times)


def _tasks(aws: Aws, service_name: str) -> list[Members]:
    return aws.ecs.tasks(aws.ecs.running_task_arns(service_name))


def _delay_s(aws: Aws, wanted: Wanted, service: Members) -> int:
    """The deregistration delay of the slowest target group; 0 without any."""
    if wanted.balancer is not None:
        return wanted.balancer.block.deregistration_delay
    groups = [
        item["targetGroupArn"] for item in service.get("loadBalancers") or () if "targetGroupArn" in item
    ]
    found = [resilient({}, aws.elbv2.target_group_attributes, arn).get(DELAY, "300") for arn in groups]
    return max(map(int, found), default=0)
