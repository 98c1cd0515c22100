"""A service and its deployments as the API shows them."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.daemon_services import desired_count_of
from shipway.api.ecs.deployment_configuration import configuration_wire
from shipway.api.ecs.deployment_controllers import BY_TASK_SETS
from shipway.api.ecs.moments import moments, present, seconds
from shipway.api.ecs.platform_rules import platform_wire
from shipway.api.ecs.render_capacity import capacity_wire
from shipway.api.ecs.render_task_sets import task_sets_wire
from shipway.api.ecs.service_view import RevisionCount, counts_of, shown_revisions
from shipway.model.record import Document
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.scheduler.failures import failed_tasks
from shipway.store import Reads

NO_TASKS = RevisionCount()
DEPLOYMENT_VERBATIM = ("serviceConnectConfiguration",)


def service_wire(state: Reads, service: Service, include: frozenset[str] = frozenset()) -> dict[str, Any]:
    tasks = state.by(Task, "service_arn", service.service_arn)
    counts = counts_of(tasks)
    return {
        "serviceArn": service.service_arn,
        "serviceName": service.service_name,
        "clusterArn": service.cluster_arn,
        "status": service.status,
        "desiredCount": desired_count_of(state, service),
        "runningCount": sum(count.running for count in counts.values()),
        "pendingCount": sum(count.pending for count in counts.values()),
        "deploymentConfiguration": configuration_wire(service.deployment_configuration),
        "deploymentController": {"type": service.deployment_controller},
        "events": [
            {"id": event.event_id, "createdAt": seconds(event.created_at), "message": event.message}
            for event in service.events
        ],
        "createdAt": seconds(service.created_at),
        "createdBy": service.created_by,
        "placementConstraints": list(service.placement_constraints),
        "placementStrategy": list(service.placement_strategy),
        "schedulingStrategy": service.scheduling_strategy,
        "healthCheckGracePeriodSeconds": service.health_check_grace_period_s,
        "availabilityZoneRebalancing": service.availability_zone_rebalancing,
        "enableECSManagedTags": service.enable_ecs_managed_tags,
        "enableExecuteCommand": service.enable_execute_command,
        "propagateTags": service.propagate_tags,
        **revision_members(state.get(ServiceRevision, service.revision_arn)),
        **deployments_members(state, service, counts, tasks),
        **present(
            roleArn=service.role_arn,
            currentServiceDeployment=service.service_deployment_arn,
            tags=list(service.tags) if "TAGS" in include else None,
        ),
    }


def revision_members(primary: ServiceRevision | None) -> Document:
    """What a service shows of its PRIMARY revision; hardly anything before there is one."""
    if primary is None:
        return {"loadBalancers": [], "serviceRegistries": []}
    return {
        "taskDefinition": primary.task_definition_arn,
        "loadBalancers": [binding.verbatim for binding in primary.load_balancers],
        "serviceRegistries": primary.verbatim.get("serviceRegistries", []),
        **capacity_wire(primary),
        **present(
            platformVersion=primary.platform_version,
            platformFamily="Linux" if primary.launch_type == "FARGATE" else None,
            networkConfiguration=primary.network_configuration,
        ),
    }


def deployments_members(
    state: Reads, service: Service, counts: dict[str, RevisionCount], tasks: list[Task]
) -> Document:
    """Deployments, or task sets in their place where they are driven from outside."""
    if service.deployment_controller in BY_TASK_SETS:
        return {"deployments": [], "taskSets": task_sets_wire(state, service)}
    revisions = shown_revisions(state, service, counts)
    return {
        "deployments": [
            deployment_wire(service, revision, counts.get(revision.deployment_id, NO_TASKS), tasks)
            for revision in revisions
        ],
        "currentServiceRevisions": [
            revision_summary(revision, counts.get(revision.deployment_id, NO_TASKS)) for revision in revisions
        ],
    }


def deployment_wire(
    service: Service, revision: ServiceRevision, count: RevisionCount, tasks: list[Task]
) -> dict[str, Any]:
    reason = revision.rollout_state_reason or f"ECS deployment {revision.deployment_id} in progress."
    return {
        "id": revision.deployment_id,
        "status": "PRIMARY" if revision.service_revision_arn == service.revision_arn else "ACTIVE",
        "taskDefinition": revision.task_definition_arn,
        "desiredCount": revision.desired_count,
        "pendingCount": count.pending,
        "runningCount": count.running,
        "failedTasks": failed_tasks(revision, tasks),
        **moments(createdAt=revision.created_at, updatedAt=revision.updated_at),
        "rolloutState": revision.rollout_state,
        "rolloutStateReason": reason,
        **capacity_wire(revision),
        **present(networkConfiguration=revision.network_configuration),
        **platform_wire(revision.launch_type, revision.platform_version),
        **{name: revision.verbatim[name] for name in DEPLOYMENT_VERBATIM if name in revision.verbatim},
    }


def revision_summary(revision: ServiceRevision, count: RevisionCount) -> Document:
    return {
        "arn": revision.service_revision_arn,
        "requestedTaskCount": revision.desired_count,
        "runningTaskCount": count.running,
        "pendingTaskCount": count.pending,
    }
