"""Container instances as users see them: describe, list, drain, deregister. Fargate's own are not shown."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.identifiers import at_most, cluster_of, invalid, missing, one_of, resource_arn
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.render_container_instances import container_instance_wire
from shipway.api.errors import ApiError
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.scheduler.instances import DEREGISTERED, plan_loss
from shipway.scheduler.query_language import QueryError, parse
from shipway.store.commit import commit_plan
from shipway.store.fleet import fleet_of

LISTED = ("ACTIVE", "DRAINING", "REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED")
FILTER_LENGTH_MAX = 2000


def describe_container_instances(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    given = at_most(request.container_instances, 100, "instanceIds")
    if not given:
        raise ApiError("ClientException", "Container Instances cannot be empty.")
    include = frozenset(request.include or ())
    instances, failures = [], []
    for arn in (resource_arn(call, cluster.cluster_arn, "container-instance", name) for name in given):
        instance = call.store.state.get(ContainerInstance, arn)
        if instance is None:
            failures.append(missing(arn))
        else:
            instances.append(container_instance_wire(call.store.state, instance, include))
    return {"containerInstances": instances, "failures": failures}


def list_container_instances(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    status = one_of(request.status, LISTED, "Container instance status")
    arns = [
        view.instance.container_instance_arn
        for view in fleet_of(call.store.state, cluster.cluster_arn).instances
        if view.instance.status == (status or view.instance.status) and view.instance.status != "INACTIVE"
    ]
    if request.filter:
        arns = filtered(call, cluster, arns, request.filter)
    shown, next_token = page(arns, request)
    return with_token({"containerInstanceArns": shown}, next_token)


def update_container_instances_state(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    status = one_of(request.status, ("ACTIVE", "DRAINING"), "Container instance status")
    changed, failures = [], []
    with call.store.transaction() as tx:
        for name in at_most(request.container_instances, 10, "instanceIds"):
            arn = resource_arn(call, cluster.cluster_arn, "container-instance", name)
            instance = tx.get(ContainerInstance, arn)
            if instance is None or instance.status not in ("ACTIVE", "DRAINING"):
                failures.append(missing(arn))
                continue
            if instance.status != status or instance.held_by:
                # From now on it is the user's doing: a managed daemon that held it has no say any more.
                instance = replace(instance, status=status, held_by=(), version=instance.version + 1)
                tx.put(instance)
            changed.append(container_instance_wire(tx, instance))
    return {"containerInstances": changed, "failures": failures}


def deregister_container_instance(call: Call, request: Any) -> dict[str, Any]:
    """With force, its tasks are orphans: STOPPED for the cluster, though nobody stops their containers."""
    instance = instance_of(call, cluster_of(call, request.cluster), request.container_instance)
    with call.store.transaction() as tx:
        tasks = tuple(
            task
            for task in tx.by(Task, "container_instance_arn", instance.container_instance_arn)
            if not task.stopped
        )
        if tasks and not request.force:
            raise invalid("Found running tasks on the instance.")
        commit_plan(tx, plan_loss(instance, tasks, DEREGISTERED).actions, call.clock.now_ms())
        inactive = tx.get(ContainerInstance, instance.container_instance_arn)
        assert inactive is not None
        return {"containerInstance": container_instance_wire(tx, inactive)}


def update_container_agent(call: Call, request: Any) -> dict[str, Any]:
    instance_of(call, cluster_of(call, request.cluster), request.container_instance)
    raise ApiError(
        "NoUpdateAvailableException",
        "There is no update available for the agent of this container instance: it comes with Shipway "
        "itself.",
    )


def instance_of(call: Call, cluster: Cluster, given: str) -> ContainerInstance:
    arn = resource_arn(call, cluster.cluster_arn, "container-instance", given)
    instance = call.store.state.get(ContainerInstance, arn)
    if instance is None:
        raise invalid("The referenced container instance was not found.")
    return instance


def filtered(call: Call, cluster: Cluster, arns: list[str], text: str) -> list[str]:
    if len(text) > FILTER_LENGTH_MAX:
        raise invalid(f"The filter can have at most {FILTER_LENGTH_MAX} characters.")
    try:
        satisfies = parse(text)
    except QueryError as error:
        raise invalid(str(error)) from error
    fleet = fleet_of(call.store.state, cluster.cluster_arn)
    kept = {view.instance.container_instance_arn for view in fleet.instances if satisfies(view)}
    return [arn for arn in arns if arn in kept]
