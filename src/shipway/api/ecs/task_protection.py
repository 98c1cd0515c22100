"""Task scale-in protection: asked for, shown, refused. It is for tasks of services."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.identifiers import at_most, cluster_of, invalid, missing
from shipway.api.ecs.moments import seconds
from shipway.api.ecs.tasks import looked_up
from shipway.model.cluster import Cluster
from shipway.model.record import Document
from shipway.model.service import Service
from shipway.model.task import Task
from shipway.scheduler.events import PROTECTION

DEFAULT_MINUTES = 120
MINUTES = range(1, 2881)
BLOCKED = (
    "Cannot set task protection as the service deployment is blocked by existing protected tasks."
    " Remove their protection, or stop them, to unblock the deployment."
)


def get_task_protection(call: Call, request: Any) -> dict[str, Any]:
    cluster, now_ms = cluster_of(call, request.cluster), call.clock.now_ms()
    protected, failures = [], []
    for task, arn in asked_for(call, cluster, request.tasks):
        refusal = not_valid(task, arn)
        if task is None or refusal:
            failures.append(refusal)
        else:
            protected.append(protection_wire(task, now_ms))
    return {"protectedTasks": protected, "failures": failures}


def asked_for(call: Call, cluster: Cluster, given: list[str] | None) -> list[tuple[Task | None, str]]:
    """Those named; without names, all tasks of services in the cluster."""
    if given:
        return looked_up(call, cluster, at_most(given, 100, "taskIds"))
    tasks = call.store.state.by(Task, "cluster_arn", cluster.cluster_arn)
    return [(task, task.task_arn) for task in tasks if not_valid(task, task.task_arn) is None]


def update_task_protection(call: Call, request: Any) -> dict[str, Any]:
    cluster, now_ms = cluster_of(call, request.cluster), call.clock.now_ms()
    minutes = DEFAULT_MINUTES if request.expires_in_minutes is None else request.expires_in_minutes
    if minutes not in MINUTES:
        raise invalid("expiresInMinutes must be between 1 and 2880.")
    until = now_ms + minutes * 60_000 if request.protection_enabled else None
    protected, failures = [], []
    with call.store.transaction() as tx:
        for task, arn in looked_up(call, cluster, at_most(request.tasks, 10, "taskIds")):
            refusal = not_valid(task, arn)
            if task is None or refusal:
                failures.append(refusal)
            elif until is not None and not is_protected(task, now_ms) and is_blocked(call, task):
                failures.append({"arn": arn, "reason": "DEPLOYMENT_BLOCKED", "detail": BLOCKED})
            else:
                changed = replace(task, protected_until=until, version=task.version + 1)
                tx.put(changed)
                protected.append(protection_wire(changed, now_ms))
    return {"protectedTasks": protected, "failures": failures}


def not_valid(task: Task | None, arn: str) -> Document | None:
    if task is None:
        return missing(arn)
    if task.service_arn is None or task.stopped:
        return {"arn": arn, "reason": "TASK_NOT_VALID"}
    return None


def is_protected(task: Task, now_ms: int) -> bool:
    return task.protected_until is not None and task.protected_until > now_ms


def is_blocked(call: Call, task: Task) -> bool:
    """The service's deployment waits for protected tasks already: it told so, and it stands."""
    service = call.store.state.get(Service, task.service_arn or "")
    return (
        service is not None
        and service.service_deployment_arn is not None
        and any(cause.startswith(f"{PROTECTION}: ") for cause in service.told_at)
    )


def protection_wire(task: Task, now_ms: int) -> Document:
    if not is_protected(task, now_ms):
        return {"taskArn": task.task_arn, "protectionEnabled": False}
    return {
        "taskArn": task.task_arn,
        "protectionEnabled": True,
        "expirationDate": seconds(task.protected_until or 0),
    }
