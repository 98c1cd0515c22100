"""What agents call: where to connect, and what became of tasks.

A report about a task that nobody knows, or that is over, is answered like any other: an agent repeats for
ever what is refused. A report that brings news of a task is also the acknowledgment of the message that told
the agent about it.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.identifiers import cluster_arn_of, resource_arn
from shipway.api.ecs.task_reports import (
    ContainerReport,
    TaskReport,
    attachment_statuses,
    digests,
    task_report,
    with_report,
)
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.arn import cluster_name_of, short_name
from shipway.model.last_status import STOPPED
from shipway.model.outbox import OutboxMessage
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.image_digests import settled_containers
from shipway.store import Transaction

ACKNOWLEDGED = {"acknowledgment": "ok"}


def discover_poll_endpoint(call: Call, request: Any) -> dict[str, Any]:
    endpoint = call.settings.endpoint
    return {"endpoint": endpoint, "telemetryEndpoint": endpoint}


def submit_task_state_change(call: Call, request: Any) -> dict[str, Any]:
    take(call, request, task_report(request, document(request)))
    return ACKNOWLEDGED


def submit_container_state_change(call: Call, request: Any) -> dict[str, Any]:
    plain = document(request)
    container = ContainerReport(
        name=request.container_name or "",
        status=request.status,
        exit_code=request.exit_code,
        reason=request.reason,
        runtime_id=request.runtime_id,
        network_bindings=tuple(plain["networkBindings"]) if plain.get("networkBindings") else None,
    )
    take(call, request, TaskReport(containers=(container,)))
    return ACKNOWLEDGED


def submit_attachment_state_changes(call: Call, request: Any) -> dict[str, Any]:
    """Attachments belong to tasks; which one is found by its id."""
    statuses = dict(attachment_statuses(document(request)))
    with call.store.transaction() as tx:
        for attachment_id in sorted(statuses):
            for task in tx.by(Task, "attachment_id", attachment_id):
                report = TaskReport(attachment_statuses=tuple(statuses.items()))
                tx.put(with_report(task, report, call.clock.now_ms()))
    return ACKNOWLEDGED


def take(call: Call, request: Any, report: TaskReport) -> None:
    """Merges the report into its task, if there is one and it is not over."""
    arn = task_arn_of(call, request)
    with call.store.transaction() as tx:
        task = tx.get(Task, arn) if arn else None
        if task is None or task.stopped:
            return
        after = with_report(task, report, call.clock.now_ms())
        if after is not task:
            tx.put(after)
            remember_digests(call, tx, after)
        if report.status is not None:
            acknowledge(tx, after)


def task_arn_of(call: Call, request: Any) -> str | None:
    """Agents send the task's ARN, whose cluster may be another than the agent's own (Fargate). An id is its
    own cluster's.
    """
    given = request.task or ""
    if given.startswith("arn:"):
        return str(given)
    try:
        return resource_arn(call, cluster_arn_of(call, request.cluster), "task", given)
    except ApiError:
        return None


def acknowledge(tx: Transaction, task: Task) -> None:
    for message in tx.by(OutboxMessage, "task_arn", task.task_arn):
        if task.last_status == STOPPED or message.desired_status == "RUNNING":
            tx.delete(OutboxMessage, message.message_id)


def remember_digests(call: Call, tx: Transaction, task: Task) -> None:
    """The first task of a service revision that resolves an image settles its digest for the revision."""
    if task.service_arn is None or task.deployment_id is None:
        return
    number = short_name(task.deployment_id)
    arn = call.place.service_revision(cluster_name_of(task.service_arn), short_name(task.service_arn), number)
    revision = tx.get(ServiceRevision, arn)
    definition = tx.get(TaskDefinition, task.task_definition_arn)
    if revision is None or definition is None:
        return
    settled = set(settled_containers(definition))
    told = {name: digest for name, digest in digests(task.containers).items() if name in settled}
    known = {**told, **revision.image_digests}
    if known != revision.image_digests:
        tx.put(replace(revision, image_digests=known))
