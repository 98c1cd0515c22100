"""Managed daemons, their revisions and deployments as the API shows them. Counts are taken when read."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.moments import moments, present
from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonDeploymentConfiguration, DaemonRevision
from shipway.model.daemon_task_definition import DaemonTaskDefinition
from shipway.model.record import Document
from shipway.model.task import Task
from shipway.scheduler.daemon_deployments import breaker_threshold
from shipway.store import Reads


def shown_revisions(state: Reads, daemon: Daemon) -> list[DaemonRevision]:
    """What is wanted, unless the daemon is being deleted, and whatever still has tasks; newest first."""
    alive = {
        task.deployment_id
        for task in state.by(Task, "daemon_arn", daemon.daemon_arn)
        if not task.stopped and task.desired_status == "RUNNING"
    }
    wanted = daemon.revision_arn if daemon.status == "ACTIVE" else None
    revisions = [
        revision
        for revision in state.by(DaemonRevision, "daemon_arn", daemon.daemon_arn)
        if revision.daemon_revision_arn == wanted or revision.deployment_id in alive
    ]
    return sorted(revisions, key=lambda r: (-r.created_at, r.daemon_revision_arn))


def revision_detail(state: Reads, daemon: Daemon, revision: DaemonRevision) -> Document:
    providers = [
        {"arn": arn, "runningCount": counts["running"], "withoutDaemonCount": counts["without"]}
        for arn, counts in provider_counts(state, revision).items()
    ]
    return {
        "arn": revision.daemon_revision_arn,
        "capacityProviders": providers,
        "totalRunningCount": sum(provider["runningCount"] for provider in providers),
        "totalWithoutDaemonCount": sum(provider["withoutDaemonCount"] for provider in providers),
    }


def deployment_revision(state: Reads, revision: DaemonRevision) -> Document:
    providers = [
        {
            "arn": arn,
            "runningInstanceCount": counts["running"],
            "withoutDaemonInstanceCount": counts["without"],
            "drainingInstanceCount": counts["draining"],
        }
        for arn, counts in provider_counts(state, revision).items()
    ]
    return {
        "arn": revision.daemon_revision_arn,
        "capacityProviders": providers,
        "totalRunningInstanceCount": sum(p["runningInstanceCount"] for p in providers),
        "totalWithoutDaemonInstanceCount": sum(p["withoutDaemonInstanceCount"] for p in providers),
        "totalDrainingInstanceCount": sum(p["drainingInstanceCount"] for p in providers),
    }


def provider_counts(state: Reads, revision: DaemonRevision) -> dict[str, dict[str, int]]:
    """For each capacity provider of the revision: instances that run it, that serve without it (only where it
    is not critical), and that drain with a task of it.
    """
    there = [
        instance
        for instance in state.by(ContainerInstance, "cluster_arn", revision.cluster_arn)
        if instance.status != "INACTIVE"
    ]
    holding, running = set(), set()
    for task in state.by(Task, "daemon_arn", revision.daemon_arn):
        if task.deployment_id == revision.deployment_id and not task.stopped:
            holding.add(task.container_instance_arn)
            if task.running and task.desired_status == "RUNNING":
                running.add(task.container_instance_arn)
    counts: dict[str, dict[str, int]] = {}
    for arn in revision.capacity_provider_arns:
        own = [instance for instance in there if instance.capacity_provider_name == short_name(arn)]
        serving = [i for i in own if i.status == "ACTIVE" and i.container_instance_arn not in running]
        counts[arn] = {
            "running": sum(i.container_instance_arn in running for i in own),
            "without": 0 if revision.critical else len(serving),
            "draining": sum(i.status == "DRAINING" and i.container_instance_arn in holding for i in own),
        }
    return counts


def deployment_wire(state: Reads, deployment: DaemonDeployment) -> dict[str, Any]:
    target = state.get(DaemonRevision, deployment.target_revision_arn or "")
    sources = [state.get(DaemonRevision, arn) for arn in deployment.source_revision_arns]
    return {
        "daemonDeploymentArn": deployment.daemon_deployment_arn,
        "clusterArn": deployment.cluster_arn,
        "status": deployment.status,
        "sourceDaemonRevisions": [deployment_revision(state, r) for r in sources if r is not None],
        "circuitBreaker": {
            "failureCount": deployment.failure_count,
            "status": deployment.circuit_breaker_status,
            "threshold": breaker_threshold(instance_count(state, target)),
        },
        "alarms": {
            "status": deployment.alarms_status,
            "alarmNames": list(deployment.configuration.alarms.names),
            "triggeredAlarmNames": list(deployment.alarms_triggered),
        },
        "deploymentConfiguration": configuration_wire(deployment.configuration),
        **all_moments(deployment),
        **present(
            targetDaemonRevision=deployment_revision(state, target) if target else None,
            statusReason=deployment.status_reason,
            rollback=rollback_wire(state, deployment),
        ),
    }


def instance_count(state: Reads, revision: DaemonRevision | None) -> int:
    if revision is None:
        return 0
    return sum(
        instance.capacity_provider_name in revision.provider_names and instance.status != "INACTIVE"
        for instance in state.by(ContainerInstance, "cluster_arn", revision.cluster_arn)
    )


def rollback_wire(state: Reads, deployment: DaemonDeployment) -> Document | None:
    if deployment.rollback_started_at is None:
        return None
    revision = state.get(DaemonRevision, deployment.rollback_revision_arn or "")
    return {
        **present(
            reason=deployment.rollback_reason,
            rollbackTargetDaemonRevisionArn=deployment.rollback_revision_arn,
            rollbackCapacityProviders=list(revision.capacity_provider_arns) if revision else None,
        ),
        **moments(startedAt=deployment.rollback_started_at),
    }


def configuration_wire(configuration: DaemonDeploymentConfiguration) -> Document:
    alarms = configuration.alarms
    return {
        "drainPercent": configuration.drain_percent,
        "bakeTimeInMinutes": configuration.bake_time_ms // 60_000,
        "alarms": {"alarmNames": list(alarms.names), "enable": alarms.enable},
    }


def deployment_summary(deployment: DaemonDeployment) -> Document:
    return {
        "daemonDeploymentArn": deployment.daemon_deployment_arn,
        "daemonArn": deployment.daemon_arn,
        "clusterArn": deployment.cluster_arn,
        "status": deployment.status,
        **all_moments(deployment),
        **present(
            statusReason=deployment.status_reason, targetDaemonRevisionArn=deployment.target_revision_arn
        ),
    }


def all_moments(deployment: DaemonDeployment) -> dict[str, float]:
    return moments(
        createdAt=deployment.created_at,
        startedAt=deployment.started_at,
        stoppedAt=deployment.stopped_at,
        finishedAt=deployment.finished_at,
    )


def revision_wire(state: Reads, revision: DaemonRevision) -> dict[str, Any]:
    definition = state.get(DaemonTaskDefinition, revision.daemon_task_definition_arn)
    containers = definition.containers if definition is not None else []
    images = [{"containerName": entry["name"], "image": entry["image"]} for entry in containers]
    return {
        "daemonRevisionArn": revision.daemon_revision_arn,
        "clusterArn": revision.cluster_arn,
        "daemonArn": revision.daemon_arn,
        "daemonTaskDefinitionArn": revision.daemon_task_definition_arn,
        "containerImages": images,
        "propagateTags": revision.propagate_tags,
        "enableECSManagedTags": revision.enable_ecs_managed_tags,
        "enableExecuteCommand": revision.enable_execute_command,
        "critical": revision.critical,
        **moments(createdAt=revision.created_at),
    }
