"""What CreateDaemon and UpdateDaemon say, checked, and the records that follow from it."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.ecs.daemon_task_definitions import definition_named
from shipway.api.ecs.identifiers import invalid, one_of
from shipway.api.errors import ApiError
from shipway.model.arn import resource_path, short_name
from shipway.model.capacity_provider import MANAGED_INSTANCES, CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonDeploymentConfiguration, DaemonRevision
from shipway.model.service import DeploymentAlarms

BAKE_MINUTES_MAX = 1440


def daemon_of(call: Call, daemon_arn: str) -> Daemon:
    """Whatever its status."""
    if resource_path(daemon_arn)[:1] != ["daemon"]:
        raise invalid(f"Invalid identifier: {daemon_arn} is not the ARN of a daemon.")
    daemon = call.store.state.get(Daemon, daemon_arn)
    if daemon is None:
        raise ApiError("DaemonNotFoundException", "The specified daemon was not found.")
    return daemon


def active_daemon(call: Call, daemon_arn: str) -> Daemon:
    daemon = daemon_of(call, daemon_arn)
    if daemon.status != "ACTIVE":
        raise ApiError("DaemonNotActiveException", "The specified daemon is not ACTIVE.")
    return daemon


def new_revision(call: Call, cluster: Cluster, daemon_arn: str, request: Any) -> DaemonRevision:
    """Both requests say all of it: what an update leaves out has its default again."""
    definition = definition_named(call, request.daemon_task_definition_arn)
    if definition.status != "ACTIVE":
        raise ApiError("ClientException", "The specified daemon task definition is not in ACTIVE status.")
    propagate = one_of(request.propagate_tags, ("DAEMON", "NONE"), "propagateTags") or "NONE"
    return DaemonRevision(
        daemon_revision_arn=call.place.daemon_revision(
            cluster.cluster_name, short_name(daemon_arn), call.ids.number19()
        ),
        daemon_arn=daemon_arn,
        cluster_arn=cluster.cluster_arn,
        daemon_task_definition_arn=definition.task_definition_arn,
        capacity_provider_arns=managed_provider_arns(call, cluster, request.capacity_provider_arns),
        created_at=call.clock.now_ms(),
        critical=True if request.critical is None else request.critical,
        propagate_tags=propagate,
        enable_ecs_managed_tags=bool(request.enable_ecs_managed_tags),
        enable_execute_command=bool(request.enable_execute_command),
    )


def new_deployment(
    call: Call, daemon_arn: str, configuration: DaemonDeploymentConfiguration, **members: Any
) -> DaemonDeployment:
    cluster_name = resource_path(daemon_arn)[1]
    return DaemonDeployment(
        daemon_deployment_arn=call.place.daemon_deployment(cluster_name, call.ids.word21()),
        daemon_arn=daemon_arn,
        cluster_arn=call.place.cluster(cluster_name),
        configuration=configuration,
        created_at=call.clock.now_ms(),
        **members,
    )


def configuration_of(given: Any) -> DaemonDeploymentConfiguration:
    if given is None:
        return DaemonDeploymentConfiguration()
    default = DaemonDeploymentConfiguration()
    percent = default.drain_percent if given.drain_percent is None else given.drain_percent
    if not 0 <= percent <= 100:
        raise invalid("drainPercent must be between 0.0 and 100.0.")
    minutes = given.bake_time_in_minutes or 0
    if not 0 <= minutes <= BAKE_MINUTES_MAX:
        raise invalid(f"bakeTimeInMinutes must be between 0 and {BAKE_MINUTES_MAX}.")
    alarms = DeploymentAlarms()
    if given.alarms is not None:
        names = tuple(given.alarms.alarm_names or ())
        if given.alarms.enable and not names:
            raise invalid("alarmNames cannot be empty when alarms are enabled.")
        alarms = DeploymentAlarms(enable=bool(given.alarms.enable), rollback=True, names=names)
    return DaemonDeploymentConfiguration(
        drain_percent=float(percent), bake_time_ms=minutes * 60_000, alarms=alarms
    )


def managed_provider_arns(call: Call, cluster: Cluster, given: list[str]) -> tuple[str, ...]:
    """Daemons are for the Managed Instances providers of their own cluster."""
    if not given:
        raise invalid("capacityProviderArns cannot be empty.")
    for arn in given:
        if resource_path(arn)[:1] != ["capacity-provider"]:
            raise invalid(f"Invalid identifier: {arn} is not the ARN of a capacity provider.")
        provider = call.store.state.get(CapacityProvider, arn)
        if provider is None or provider.cluster_arn not in (None, cluster.cluster_arn):
            raise invalid(
                "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
            )
        if provider.kind != MANAGED_INSTANCES:
            raise ApiError(
                "UnsupportedFeatureException",
                "ECS Managed Daemons is only supported for Amazon ECS Managed Instances Capacity Providers.",
            )
    return tuple(dict.fromkeys(given))


def superseded(deployments: list[DaemonDeployment]) -> list[DaemonDeployment]:
    """A deployment in progress has to give way; the scheduler ends it."""
    return [
        msgspec.structs.replace(deployment, status="STOP_REQUESTED")
        for deployment in deployments
        if deployment.in_progress
    ]
