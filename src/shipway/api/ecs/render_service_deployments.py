"""Service deployments and service revisions as the API shows them."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.daemon_services import desired_count_of
from shipway.api.ecs.moments import moments, present
from shipway.api.ecs.platform_rules import platform_wire
from shipway.api.ecs.render_capacity import capacity_wire
from shipway.api.ecs.render_services import revision_summary
from shipway.api.ecs.render_traffic_shifts import requested_weights, resolved_configuration, shift_wire
from shipway.api.ecs.service_view import RevisionCount, counts_of
from shipway.model.service import CircuitBreaker, Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.failure_monitors import circuit_breaker_threshold
from shipway.store import Reads


def service_deployment_wire(state: Reads, deployment: ServiceDeployment) -> dict[str, Any]:
    counts = counts_of(state.by(Task, "service_arn", deployment.service_arn))
    arns = (deployment.target_revision_arn, *deployment.source_revision_arns)
    summaries = {
        arn: {
            **revision_summary(revision, counts.get(revision.deployment_id, RevisionCount())),
            **requested_weights(deployment, arn),
        }
        for arn in arns
        if (revision := state.get(ServiceRevision, arn)) is not None
    }
    return {
        "serviceDeploymentArn": deployment.service_deployment_arn,
        "serviceArn": deployment.service_arn,
        "clusterArn": deployment.cluster_arn,
        "sourceServiceRevisions": [
            summaries[arn] for arn in deployment.source_revision_arns if arn in summaries
        ],
        "status": deployment.status,
        "deploymentConfiguration": deployment.deployment_configuration,
        "deploymentCircuitBreaker": {
            "status": deployment.circuit_breaker_status,
            "failureCount": deployment.failure_count,
            "threshold": threshold(state, deployment),
        },
        "alarms": alarms(deployment),
        **all_moments(deployment),
        **present(
            targetServiceRevision=summaries.get(deployment.target_revision_arn),
            statusReason=deployment.status_reason,
            rollback=rollback(deployment),
        ),
        **shift_wire(deployment),
    }


def service_deployment_brief(deployment: ServiceDeployment) -> dict[str, Any]:
    shown = all_moments(deployment)
    return {
        "serviceDeploymentArn": deployment.service_deployment_arn,
        "serviceArn": deployment.service_arn,
        "clusterArn": deployment.cluster_arn,
        "targetServiceRevisionArn": deployment.target_revision_arn,
        "status": deployment.status,
        **{name: shown[name] for name in ("startedAt", "createdAt", "finishedAt") if name in shown},
        **present(statusReason=deployment.status_reason),
    }


def all_moments(deployment: ServiceDeployment) -> dict[str, float]:
    return moments(
        createdAt=deployment.created_at,
        startedAt=deployment.started_at,
        finishedAt=deployment.finished_at,
        stoppedAt=deployment.stopped_at,
        updatedAt=deployment.updated_at,
    )


def alarms(deployment: ServiceDeployment) -> dict[str, Any]:
    configured = deployment.deployment_configuration.get("alarms") or {}
    names = list(configured.get("alarmNames") or [])
    triggered = list(deployment.alarms_triggered)
    shown = {"alarmNames": names, "triggeredAlarmNames": triggered}
    return {"status": deployment.alarms_status, **{name: value for name, value in shown.items() if value}}


def rollback(deployment: ServiceDeployment) -> dict[str, Any] | None:
    if deployment.rollback_started_at is None:
        return None
    return {
        **present(reason=deployment.rollback_reason, serviceRevisionArn=deployment.rollback_revision_arn),
        **moments(startedAt=deployment.rollback_started_at),
    }


def threshold(state: Reads, deployment: ServiceDeployment) -> int:
    service = state.get(Service, deployment.service_arn)
    breaker = service.deployment_configuration.circuit_breaker if service else CircuitBreaker()
    return circuit_breaker_threshold(breaker, desired_count_of(state, service) if service else 0)


def service_revision_wire(state: Reads, revision: ServiceRevision) -> dict[str, Any]:
    definition = state.get(TaskDefinition, revision.task_definition_arn)
    fargate = platform_wire(revision.launch_type, revision.platform_version)
    images = [container_image(c, revision.image_digests) for c in definition.containers] if definition else []
    return {
        "serviceRevisionArn": revision.service_revision_arn,
        "serviceArn": revision.service_arn,
        "clusterArn": revision.cluster_arn,
        "taskDefinition": revision.task_definition_arn,
        "loadBalancers": [binding.verbatim for binding in revision.load_balancers],
        "containerImages": images,
        "guardDutyEnabled": False,
        **revision.verbatim,
        **capacity_wire(revision),
        **fargate,
        **moments(createdAt=revision.created_at),
        **present(
            networkConfiguration=revision.network_configuration,
            resolvedConfiguration=resolved_configuration(revision),
        ),
    }


def container_image(container: dict[str, Any], digests: dict[str, str]) -> dict[str, Any]:
    name = container["name"]
    return {"containerName": name, "image": container["image"], **present(imageDigest=digests.get(name))}
