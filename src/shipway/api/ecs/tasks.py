"""Tasks: describe, list, stop. Their protection from scale-in has its own file."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.ecs.identifiers import (
    at_most,
    cluster_of,
    invalid,
    missing,
    one_of,
    resource_arn,
    service_of,
)
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.render_tasks import task_wire
from shipway.model.actions import StopTask
from shipway.model.cluster import Cluster
from shipway.model.task import Task
from shipway.store.commit import commit_plan

STOPPED_BY_USER = "Task stopped by user"
REASON_LENGTH_MAX = 255


def describe_tasks(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    if not request.tasks:
        raise invalid("Tasks cannot be empty.")
    include = frozenset(request.include or ())
    tasks, failures = [], []
    for task, arn in looked_up(call, cluster, at_most(request.tasks, 100, "taskIds")):
        if task is None:
            failures.append(missing(arn))
        else:
            tasks.append(task_wire(call.store.state, task, include))
    return {"tasks": tasks, "failures": failures}


def list_tasks(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    desired = one_of(request.desired_status, ("RUNNING", "PENDING", "STOPPED"), "desiredStatus") or "RUNNING"
    arns = [
        task.task_arn
        for task in narrowed(call, cluster, request)
        if task.desired_status == desired
        and request.started_by in (None, task.started_by)
        and request.launch_type in (None, task.launch_type)
        and request.family in (None, task.task_definition_arn.rsplit("/", 1)[-1].split(":")[0])
    ]
    shown, next_token = page(arns, request)
    return with_token({"taskArns": shown}, next_token)


def narrowed(call: Call, cluster: Cluster, request: Any) -> list[Task]:
    """The tasks of the cluster, by the index of the narrowest filter."""
    others = (
        request.family,
        request.service_name,
        request.daemon_name,
        request.container_instance,
        request.launch_type,
    )
    if request.started_by is not None and any(other is not None for other in others):
        raise invalid("When you specify startedBy, it must be the only filter that you use.")
    state = call.store.state
    tasks = state.by(Task, "cluster_arn", cluster.cluster_arn)
    if request.service_name is not None:
        service = service_of(call, cluster.cluster_arn, request.service_name)
        tasks = state.by(Task, "service_arn", service.service_arn)
    if request.daemon_name is not None:
        daemon_arn = call.place.daemon(cluster.cluster_name, request.daemon_name)
        tasks = [task for task in tasks if task.daemon_arn == daemon_arn]
    if request.container_instance is not None:
        arn = resource_arn(call, cluster.cluster_arn, "container-instance", request.container_instance)
        tasks = [task for task in tasks if task.container_instance_arn == arn]
    return tasks


def stop_task(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    task = call.store.state.get(Task, resource_arn(call, cluster.cluster_arn, "task", request.task))
    if task is None:
        raise invalid("The referenced task was not found.")
    if task.desired_status == "STOPPED":
        return {"task": task_wire(call.store.state, task)}
    action = StopTask(
        task_arn=task.task_arn,
        version=task.version,
        stop_code="UserInitiated",
        stopped_reason=(request.reason or STOPPED_BY_USER)[:REASON_LENGTH_MAX],
        reason=f"{call.caller_arn} asked for it",
    )
    with call.store.transaction() as tx:
        refused = commit_plan(tx, (action,), call.clock.now_ms())
        assert not refused, "the task was read a moment ago, on this very thread"
        stopping = tx.get(Task, task.task_arn)
        assert stopping is not None
        return {"task": task_wire(tx, stopping)}


def looked_up(call: Call, cluster: Cluster, given: list[str]) -> list[tuple[Task | None, str]]:
    arns = [resource_arn(call, cluster.cluster_arn, "task", name) for name in given]
    return [(call.store.state.get(Task, arn), arn) for arn in arns]
