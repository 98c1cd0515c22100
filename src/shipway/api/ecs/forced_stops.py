"""Tasks whose container instance was taken away: they are over for the cluster, whatever their containers
do.
"""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model.outbox import OutboxMessage
from shipway.model.task import Task
from shipway.store import Transaction

DEREGISTERED = "Container instance deregistration forced by user"


def orphan(tx: Transaction, task: Task, now_ms: int) -> None:
    containers = tuple(replace(container, last_status="STOPPED") for container in task.containers)
    tx.put(
        replace(
            task,
            desired_status="STOPPED",
            last_status="STOPPED",
            containers=containers,
            stop_code=task.stop_code or "UserInitiated",
            stopped_reason=task.stopped_reason or DEREGISTERED,
            stopping_at=task.stopping_at or now_ms,
            execution_stopped_at=now_ms,
            stopped_at=now_ms,
            version=task.version + 1,
        )
    )
    for message in tx.by(OutboxMessage, "task_arn", task.task_arn):
        tx.delete(OutboxMessage, message.message_id)
