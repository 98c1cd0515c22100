"""The look that a prediction needs: container instances, the service's tasks, how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.moments import moment_s
from shipway.deploy.follow import resilient
from shipway.deploy.planning.actions import CreateService, Plan, UpdateService
from shipway.deploy.planning.likely_time import LikelyTime, likely_time
from shipway.deploy.planning.load_balancing import DELAY
from shipway.deploy.planning.release import Seen, Wanted

if TYPE_CHECKING:
    from shipway.deploy.planning.prediction import Prediction

Members = dict[str, Any]


@dataclass(frozen=True)
class Foresight:
    """What is foreseen; None what cannot be."""

    prediction: Prediction | None = None
    likely_time: LikelyTime | None = None


def foreseen(aws: Aws, wanted: Wanted, seen: Seen, release: Plan) -> Foresight:
    """Nothing when no task moves, or there is no cluster yet."""
    action = next((item for item in release if isinstance(item, CreateService | UpdateService)), None)
    cluster_arn = (seen.service or seen.cluster or {}).get("clusterArn")
    if action is None or cluster_arn is None:
        return Foresight()
    replaces = isinstance(action, CreateService) or action.deploys
    if not replaces and "desiredCount" not in action.members:
        return Foresight()
    service = {**(seen.service or {}), **action.members}
    if seen.service is not None:
        old = seen.service.get("deploymentConfiguration") or {}
        service["deploymentConfiguration"] = {**old, **(action.members.get("deploymentConfiguration") or {})}
    delay_s = _delay_s(aws, wanted, service)
    time = likely_time(_successes(aws, wanted.service_name), delay_s) if replaces and seen.service else None
    if not _rolls(service):
        return Foresight(None, time)
    # The whole scheduler; most plans have nothing to predict.
    from shipway.deploy.planning.assumed_times import assumed_times
    from shipway.deploy.planning.live_snapshot import Cluster, Rollout, snapshot_of
    from shipway.deploy.planning.prediction import predict

    tasks = _tasks(aws, wanted.service_name) if seen.service else []
    cluster = Cluster(str(cluster_arn), tuple(aws.ecs.container_instances()), tuple(tasks))
    known = {str(seen.live["taskDefinitionArn"]): seen.live} if seen.live else {}
    rollout = Rollout(wanted.service_name, service, wanted.task_definition, replaces, known)
    times = assumed_times(tuple(tasks), delay_s)
    return Foresight(predict(snapshot_of(cluster, rollout), times), time)


def _rolls(service: Members) -> bool:
    """Whether it is the rolling pass that moves the tasks."""
    strategy = (service.get("deploymentConfiguration") or {}).get("strategy", "ROLLING")
    controller = (service.get("deploymentController") or {}).get("type", "ECS")
    scheduling = service.get("schedulingStrategy", "REPLICA")
    return (controller, scheduling, strategy) == ("ECS", "REPLICA", "ROLLING")


def _successes(aws: Aws, service_name: str) -> tuple[tuple[float, float], ...]:
    """When the deployments that succeeded started and finished, the newest first."""
    briefs = resilient([], aws.ecs.service_deployments, service_name, ["SUCCESSFUL"])
    moments = ((moment_s(brief.get("startedAt")), moment_s(brief.get("finishedAt"))) for brief in briefs)
    return tuple((started, finished) for started, finished in moments if started and finished)


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
