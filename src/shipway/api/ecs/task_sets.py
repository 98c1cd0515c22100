"""Task sets: create, scale, make PRIMARY, delete, describe.

ECS lets callers do this to services with the EXTERNAL controller only, and CodeDeploy by itself to those
with CODE_DEPLOY. Here both are open, so that whoever plays CodeDeploy's part can.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.deployment_controllers import BY_TASK_SETS, check_target_groups
from shipway.api.ecs.identifiers import cluster_of, invalid, missing, one_of, service_of
from shipway.api.ecs.render_task_sets import task_set_wire, task_sets_wire
from shipway.api.ecs.request_digest import request_digest
from shipway.api.ecs.service_records import new_revision
from shipway.api.ecs.service_rules import created_spec
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.ecs.task_definition_lookup import launchable
from shipway.api.ecs.task_set_records import ALL_PERCENT, new_task_set, task_set_arn_of, task_set_of
from shipway.api.errors import ApiError
from shipway.model.actions import DrainTaskSet, SwitchPrimary
from shipway.model.service import Service
from shipway.model.task_set import TaskSet
from shipway.store.commit import commit_plan

TASK_SETS_MAX = 5
WITH_TAGS = frozenset({"TAGS"})


def create_task_set(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    service = changeable_service(call, request)
    digest = request_digest(request)
    known = call.store.state.by(TaskSet, "service_arn", service.service_arn)
    for task_set in known:
        if request.client_token and task_set.client_token == request.client_token:
            if task_set.request_digest != digest:
                raise invalid("Creation of task set was not idempotent.")
            return {"taskSet": task_set_wire(call.store.state, service, task_set, WITH_TAGS)}
    if len(known) >= TASK_SETS_MAX:
        raise invalid(
            f"{len(known)} deployments exist on the service. Unable to create new TaskSet since this "
            "exceeds the maximum limit."
        )
    definition = launchable(call, request.task_definition)
    spec = created_spec(call, cluster, definition, request, in_use=False)
    check_target_groups(spec)
    revision = replace(
        new_revision(call, service.service_arn, cluster.cluster_arn, spec), rollout_state="COMPLETED"
    )
    task_set = new_task_set(
        call,
        revision,
        scale_percent=scale_percent(request.scale),
        started_by="CODE_DEPLOY" if service.deployment_controller == "CODE_DEPLOY" else None,
        external_id=request.external_id,
        client_token=request.client_token,
        request_digest=digest,
        tags=checked_tags(request.tags),
    )
    with call.store.transaction() as tx:
        tx.put(revision)
        tx.put(task_set)
        return {"taskSet": task_set_wire(tx, service, task_set, WITH_TAGS)}


def update_task_set(call: Call, request: Any) -> dict[str, Any]:
    service = changeable_service(call, request)
    task_set = living(task_set_of(call, service, request.task_set))
    scaled = replace(task_set, scale_percent=scale_percent(request.scale), updated_at=call.clock.now_ms())
    with call.store.transaction() as tx:
        tx.put(scaled)
        return {"taskSet": task_set_wire(tx, service, scaled)}


def update_service_primary_task_set(call: Call, request: Any) -> dict[str, Any]:
    """What the service shows of its deployment is the PRIMARY task set's from now on."""
    service = changeable_service(call, request)
    task_set = living(task_set_of(call, service, request.primary_task_set))
    action = SwitchPrimary(task_set_arn=task_set.task_set_arn, reason=f"{call.caller_arn} asked for it")
    with call.store.transaction() as tx:
        commit_plan(tx, (action,), call.clock.now_ms())
        primary = tx.get(TaskSet, task_set.task_set_arn)
        assert primary is not None
        return {"taskSet": task_set_wire(tx, service, primary)}


def delete_task_set(call: Call, request: Any) -> dict[str, Any]:
    service = changeable_service(call, request)
    task_set = task_set_of(call, service, request.task_set)
    if task_set.scale_percent > 0 and task_set.status != "DRAINING" and not request.force:
        raise invalid("The task set cannot be deleted while it is scaled above 0.")
    action = DrainTaskSet(task_set_arn=task_set.task_set_arn, reason=f"{call.caller_arn} asked for it")
    with call.store.transaction() as tx:
        commit_plan(tx, (action,), call.clock.now_ms())
        draining = tx.get(TaskSet, task_set.task_set_arn)
        assert draining is not None
        return {"taskSet": task_set_wire(tx, service, draining)}


def describe_task_sets(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    service = service_of(call, cluster.cluster_arn, request.service)
    if service.status == "INACTIVE":
        raise not_active()
    by_task_sets(service)
    include = frozenset(request.include or ())
    every = {wire["taskSetArn"]: wire for wire in task_sets_wire(call.store.state, service, include)}
    if not request.task_sets:
        return {"taskSets": list(every.values()), "failures": []}
    arns = [task_set_arn_of(call, service, given) for given in request.task_sets]
    return {
        "taskSets": [every[arn] for arn in arns if arn in every],
        "failures": [missing(arn) for arn in arns if arn not in every],
    }


def changeable_service(call: Call, request: Any) -> Service:
    service = service_of(call, cluster_of(call, request.cluster).cluster_arn, request.service)
    if service.status != "ACTIVE":
        raise not_active()
    by_task_sets(service)
    return service


def by_task_sets(service: Service) -> None:
    if service.deployment_controller not in BY_TASK_SETS:
        raise invalid(
            "Amazon ECS only supports task set management on services configured to use external "
            "deployment controllers."
        )


def living(task_set: TaskSet) -> TaskSet:
    if task_set.status == "DRAINING":
        raise invalid("The task set is DRAINING and cannot be changed.")
    return task_set


def not_active() -> ApiError:
    return ApiError("ServiceNotActiveException", "Service was not ACTIVE.")


def scale_percent(scale: Any) -> float:
    if scale is None or scale.value is None:
        return 0.0
    one_of(scale.unit, ("PERCENT",), "scale.unit")
    if not 0 <= scale.value <= ALL_PERCENT:
        raise invalid("The scale value must be between 0 and 100.")
    return float(scale.value)
