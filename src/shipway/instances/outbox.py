"""The outbox of a container instance: what its agent has been told and has not acknowledged.

A message says that there is something to tell about a task; what is told is compiled when it is sent, from
the state of that moment. So a task that was stopped before its first payload left is never started.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.model.container_instance import ContainerInstance
from shipway.model.last_status import STOPPED, forward
from shipway.model.outbox import OutboxMessage
from shipway.model.task import Task
from shipway.store import Reads, Store, Transaction

PROVISIONING = "PROVISIONING"
DEACTIVATING = "DEACTIVATING"


def waiting(state: Reads, container_instance_arn: str) -> list[OutboxMessage]:
    """Un-acknowledged messages in the order in which they were written."""
    messages = state.by(OutboxMessage, "container_instance_arn", container_instance_arn)
    return sorted(messages, key=lambda message: (message.seq_num, message.message_id))


def wire_desired_status(task: Task | None) -> str:
    """What the agent shall do with a task. While its targets drain (DEACTIVATING) a task still runs."""
    if task is None or task.stopped:
        return STOPPED
    return "RUNNING" if task.desired_status == "RUNNING" or task.last_status == DEACTIVATING else STOPPED


def is_obsolete(message: OutboxMessage, task: Task | None) -> bool:
    """Whether nothing needs to be said any more: a task to run that has already ended."""
    return message.desired_status == "RUNNING" and (task is None or task.stopped)


def discard(store: Store, message: OutboxMessage) -> None:
    with store.transaction() as tx:
        tx.delete(OutboxMessage, message.message_id)


def acknowledge(store: Store, container_instance_arn: str, message_id: str) -> bool:
    """The agent has taken a payload: it is not sent again, and its task is PENDING.

    False for an unknown id.
    """
    message = store.state.get(OutboxMessage, message_id)
    if message is None or message.container_instance_arn != container_instance_arn:
        return False
    with store.transaction() as tx:
        tx.delete(OutboxMessage, message_id)
        task = tx.get(Task, message.task_arn)
        if task is not None and message.desired_status == "RUNNING" and task.last_status == PROVISIONING:
            last_status = forward(task.last_status, "PENDING")
            tx.put(msgspec.structs.replace(task, last_status=last_status, version=task.version + 1))
    return True


def fail_to_start(store: Store, message: OutboxMessage, reason: str, now_ms: int) -> None:
    """The task cannot even be told to an agent: it is STOPPED, and says why."""
    with store.transaction() as tx:
        tx.delete(OutboxMessage, message.message_id)
        task = tx.get(Task, message.task_arn)
        if task is not None and not task.stopped:
            replace = msgspec.structs.replace
            tx.put(
                replace(
                    task,
                    last_status=STOPPED,
                    desired_status=STOPPED,
                    stop_code=task.stop_code or "TaskFailedToStart",
                    stopped_reason=task.stopped_reason or reason,
                    stopping_at=task.stopping_at or now_ms,
                    stopped_at=now_ms,
                    containers=tuple(replace(each, last_status=STOPPED) for each in task.containers),
                    interface=replace(task.interface, status="DELETED") if task.interface else None,
                    version=task.version + 1,
                )
            )


def take_number(tx: Transaction, container_instance_arn: str) -> int:
    """The next number of the instance's one sequence, shared by payloads and manifests."""
    instance = tx.get(ContainerInstance, container_instance_arn)
    assert instance is not None, container_instance_arn
    number = instance.message_seq_num + 1
    tx.put(msgspec.structs.replace(instance, message_seq_num=number))
    return number


def payload_message(
    message: OutboxMessage, instance: ContainerInstance, task: dict[str, Any], now_ms: int
) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "clusterArn": instance.cluster_arn,
        "containerInstanceArn": instance.container_instance_arn,
        "tasks": [task],
        "seqNum": message.seq_num,
        "generatedAt": now_ms,
    }
