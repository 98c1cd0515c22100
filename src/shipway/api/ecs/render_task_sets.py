"""Task sets as the API shows them."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.moments import moments, present
from shipway.api.ecs.platform_rules import platform_wire
from shipway.api.ecs.render_capacity import capacity_wire
from shipway.api.ecs.service_view import RevisionCount, counts_of
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.model.task_set import TaskSet
from shipway.store import Reads


def task_sets_wire(
    state: Reads, service: Service, include: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """All task sets of the service, the PRIMARY one first, then the oldest."""
    task_sets = sorted(
        state.by(TaskSet, "service_arn", service.service_arn),
        key=lambda task_set: (task_set.status != "PRIMARY", task_set.created_at, task_set.task_set_arn),
    )
    return [task_set_wire(state, service, task_set, include) for task_set in task_sets]


def task_set_wire(
    state: Reads, service: Service, task_set: TaskSet, include: frozenset[str] = frozenset()
) -> dict[str, Any]:
    revision = state.get(ServiceRevision, task_set.service_revision_arn)
    assert revision is not None, task_set.service_revision_arn
    counts = counts_of(state.by(Task, "service_arn", service.service_arn))
    count = counts.get(task_set.task_set_id, RevisionCount())
    desired = task_set.computed_desired_count(service.desired_count)
    return {
        "id": task_set.task_set_id,
        "taskSetArn": task_set.task_set_arn,
        "serviceArn": task_set.service_arn,
        "clusterArn": task_set.cluster_arn,
        "status": task_set.status,
        "taskDefinition": revision.task_definition_arn,
        "computedDesiredCount": desired,
        "pendingCount": count.pending,
        "runningCount": count.running,
        "loadBalancers": [binding.verbatim for binding in revision.load_balancers],
        "serviceRegistries": revision.verbatim.get("serviceRegistries", []),
        "scale": {"value": task_set.scale_percent, "unit": "PERCENT"},
        "stabilityStatus": stability_status(task_set, count, desired),
        **moments(
            createdAt=task_set.created_at,
            updatedAt=task_set.updated_at,
            stabilityStatusAt=task_set.stability_status_at,
        ),
        **capacity_wire(revision),
        **platform_wire(revision.launch_type, revision.platform_version),
        **present(
            networkConfiguration=revision.network_configuration,
            startedBy=task_set.started_by,
            externalId=task_set.external_id,
            tags=list(task_set.tags) if "TAGS" in include else None,
        ),
    }


def stability_status(task_set: TaskSet, count: RevisionCount, desired: int) -> str:
    """What the scheduler found last, unless the counts say already that it no longer holds."""
    settled = count.running == desired and count.pending == 0
    return task_set.stability_status if settled else "STABILIZING"
