"""moto's scalable targets, policies and scheduled actions of ECS services, as values."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from shipway.model.arn import Place
from shipway.model.scaling import (
    MetricQuery,
    ScalableTarget,
    ScheduledAction,
    Step,
    StepScaling,
    TargetTracking,
)
from shipway.scheduler.scaling.target_tracking import LOW_SHARE

logger = logging.getLogger(__name__)

DIMENSION = "ecs:service:DesiredCount"
SERVICE_METRICS = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution": "CPUUtilization",
    "ECSServiceAverageMemoryUtilizationHighResolution": "MemoryUtilization",
}
REQUESTS = "ALBRequestCountPerTarget"


def service_arn_of(place: Place, cluster: str, name: str) -> str:
    return place.service(cluster.rpartition("/")[2], name)


def policies_of(scaling: Any, target: ScalableTarget) -> list[Any]:
    """moto's own object for a target."""
    known = scaling.targets.get(DIMENSION, {}).get(f"service/{target.cluster_name}/{target.service_name}")
    return [known] if known is not None else []


def ecs_targets(scaling: Any) -> tuple[ScalableTarget, ...]:
    targets = scaling.targets.get(DIMENSION, {})
    return tuple(scalable_target(scaling, targets[resource_id]) for resource_id in sorted(targets))


def scalable_target(scaling: Any, target: Any) -> ScalableTarget:
    _, cluster_name, service_name = target.resource_id.split("/")
    suspended = target.suspended_state or {}
    own = [policy for policy in scaling.policies.values() if policy.resource_id == target.resource_id]
    return ScalableTarget(
        cluster_name=cluster_name,
        service_name=service_name,
        minimum=int(target.min_capacity or 0),
        maximum=int(target.max_capacity or 0),
        out_suspended=bool(suspended.get("DynamicScalingOutSuspended")),
        in_suspended=bool(suspended.get("DynamicScalingInSuspended")),
        scheduled_suspended=bool(suspended.get("ScheduledScalingSuspended")),
        tracking=tuple(target_tracking(p) for p in own if p.policy_type == "TargetTrackingScaling"),
        steps=tuple(step_scaling(p) for p in own if p.policy_type == "StepScaling"),
        scheduled=tuple(
            scheduled_action(action)
            for action in scaling.scheduled_actions
            if action.resource_id == target.resource_id
        ),
    )


def target_tracking(policy: Any) -> TargetTracking:
    given = policy.target_tracking_scaling_policy_configuration
    _, cluster_name, service_name = policy.resource_id.split("/")
    return TargetTracking(
        name=policy.policy_name,
        metric=metric_of(given, cluster_name, service_name),
        target=float(given["TargetValue"]),
        scale_out_cooldown_s=int(given.get("ScaleOutCooldown", 300)),
        scale_in_cooldown_s=int(given.get("ScaleInCooldown", 300)),
        disable_scale_in=bool(given.get("DisableScaleIn")),
    )


def metric_of(given: dict[str, Any], cluster_name: str, service_name: str) -> MetricQuery | None:
    """None for one that is not known here."""
    predefined = given.get("PredefinedMetricSpecification") or {}
    kind = predefined.get("PredefinedMetricType")
    if kind in SERVICE_METRICS:
        dimensions = (("ClusterName", cluster_name), ("ServiceName", service_name))
        return MetricQuery("AWS/ECS", SERVICE_METRICS[kind], dimensions)
    if kind == REQUESTS:
        balancer, _, group = predefined.get("ResourceLabel", "").partition("/targetgroup/")
        dimensions = (("LoadBalancer", balancer), ("TargetGroup", f"targetgroup/{group}"))
        return MetricQuery("AWS/ApplicationELB", "RequestCountPerTarget", dimensions, "Sum")
    custom = given.get("CustomizedMetricSpecification") or {}
    if not custom.get("MetricName"):
        return None
    pairs = [(str(d["Name"]), str(d["Value"])) for d in custom.get("Dimensions") or ()]
    statistic = str(custom.get("Statistic", "Average"))
    return MetricQuery(custom["Namespace"], custom["MetricName"], tuple(sorted(pairs)), statistic)


def step_scaling(policy: Any) -> StepScaling:
    given = policy.step_scaling_policy_configuration
    return StepScaling(
        name=policy.policy_name,
        arn=policy.policy_arn,
        adjustment_type=given.get("AdjustmentType", "ChangeInCapacity"),
        steps=tuple(
            Step(
                int(step["ScalingAdjustment"]),
                bound(step.get("MetricIntervalLowerBound")),
                bound(step.get("MetricIntervalUpperBound")),
            )
            for step in given.get("StepAdjustments") or ()
        ),
        cooldown_s=int(given.get("Cooldown", 300)),
        minimum_magnitude=int(given.get("MinAdjustmentMagnitude", 0)),
    )


def bound(value: Any) -> float | None:
    return None if value is None else float(value)


def scheduled_action(action: Any) -> ScheduledAction:
    limits = action.scalable_target_action or {}
    if action.timezone not in (None, "", "UTC", "Etc/UTC"):
        warn_of_timezone(action.scheduled_action_name, action.timezone)
    return ScheduledAction(
        name=action.scheduled_action_name,
        schedule=action.schedule,
        created_at=int(action.creation_time * 1000),
        start_at=moment(action.start_time),
        end_at=moment(action.end_time),
        minimum=limits.get("MinCapacity"),
        maximum=limits.get("MaxCapacity"),
    )


@cache
def warn_of_timezone(name: str, timezone: str) -> None:
    """Once, and not at every look."""
    logger.warning("The scheduled action %s is of %s: local ECS takes its schedule as UTC.", name, timezone)


def moment(given: Any) -> int | None:
    """As a client sent it: seconds since 1970, or a date in ISO form."""
    if given is None or given == "":
        return None
    if isinstance(given, int | float):
        return int(given * 1000)
    read = datetime.fromisoformat(str(given))
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)


def tracking_alarms(scaling: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The two alarms that moto makes for a target tracking policy, with what they should say: moto gives all
    of them one threshold, and the metric of the CPU to every policy but memory's.
    """
    for policy in scaling.policies.values():
        if policy.policy_type != "TargetTrackingScaling" or len(policy.alarms) != 2:
            continue
        tracked = target_tracking(policy)
        if tracked.metric is None:
            continue
        metric = {
            "namespace": tracked.metric.namespace,
            "metric_name": tracked.metric.name,
            "statistic": tracked.metric.statistic,
        }
        high, low = policy.alarms
        yield high, {**metric, "threshold": tracked.target}
        yield low, {**metric, "threshold": tracked.target * LOW_SHARE}
