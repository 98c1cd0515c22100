"""Effects on tasks."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.last_status import forward, is_forward
from shipway.model.outbox import OutboxMessage
from shipway.model.target import Target
from shipway.model.task import Task, with_gpus
from shipway.store.commit.editing import Effects, send, unchanged
from shipway.store.store import Transaction


def start_task(tx: Transaction, action: act.StartTask, now_ms: int) -> None:
    tx.put(action.task)
    if action.task.container_instance_arn:
        send(tx, action.task, "RUNNING")


def place_task(tx: Transaction, action: act.PlaceTask, now_ms: int) -> bool:
    task = unchanged(tx, action.task_arn, action.version)
    if task is None or task.desired_status == "STOPPED":
        return False
    placed = replace(
        task,
        container_instance_arn=action.container_instance_arn,
        availability_zone=action.availability_zone,
        interface=action.interface,
        containers=with_gpus(task.containers, action.gpu_ids),
        version=task.version + 1,
    )
    tx.put(placed)
    send(tx, placed, "RUNNING")
    return True


def stop_task(tx: Transaction, action: act.StopTask, now_ms: int) -> bool:
    """An unplaced task stops at once; one with targets drains first; any other is signalled at once."""
    task = unchanged(tx, action.task_arn, action.version)
    if task is None or task.desired_status == "STOPPED":
        return False
    stopping = replace(
        task,
        desired_status="STOPPED",
        stop_code=action.stop_code,
        stopped_reason=action.stopped_reason,
        stopping_at=now_ms,
        version=task.version + 1,
    )
    if task.container_instance_arn is None:
        containers = tuple(replace(container, last_status="STOPPED") for container in task.containers)
        tx.put(replace(stopping, last_status="STOPPED", stopped_at=now_ms, containers=containers))
    elif tx.by(Target, "task_arn", task.task_arn):
        tx.put(replace(stopping, last_status=forward(task.last_status, "DEACTIVATING")))
    else:
        tx.put(replace(stopping, last_status=forward(task.last_status, "STOPPING")))
        send(tx, stopping, "STOPPED")
    return True


def end_task(tx: Transaction, action: act.EndTask, now_ms: int) -> bool:
    """What was said first about why it stops stays. Undelivered messages go with it; targets are the targets
    loop's, which tells of them.
    """
    task = unchanged(tx, action.task_arn, action.version)
    if task is None:
        return False
    tx.put(
        replace(
            task,
            last_status="STOPPED",
            desired_status="STOPPED",
            stop_code=task.stop_code or action.stop_code,
            stopped_reason=task.stopped_reason if task.stop_code else action.stopped_reason,
            stopping_at=task.stopping_at or now_ms,
            execution_stopped_at=task.execution_stopped_at or now_ms,
            stopped_at=now_ms,
            containers=tuple(replace(container, last_status="STOPPED") for container in task.containers),
            interface=replace(task.interface, status="DELETED") if task.interface else None,
            version=task.version + 1,
        )
    )
    for message in tx.by(OutboxMessage, "task_arn", task.task_arn):
        tx.delete(OutboxMessage, message.message_id)
    return True


def signal_task(tx: Transaction, action: act.SignalTask, now_ms: int) -> bool:
    task = unchanged(tx, action.task_arn, action.version)
    if task is None or not is_forward(task.last_status, "STOPPING"):
        return False
    tx.put(replace(task, last_status="STOPPING", version=task.version + 1))
    send(tx, task, "STOPPED")
    return True


def mark_healthy(tx: Transaction, action: act.MarkHealthy, now_ms: int) -> bool:
    task = unchanged(tx, action.task_arn, action.version)
    if task is None:
        return False
    tx.put(replace(task, healthy_at=action.healthy_at))
    return True


def remove_task(tx: Transaction, action: act.RemoveTask, now_ms: int) -> None:
    tx.delete(Task, action.task_arn)


EFFECTS: Effects = {
    act.StartTask: start_task,
    act.PlaceTask: place_task,
    act.StopTask: stop_task,
    act.EndTask: end_task,
    act.SignalTask: signal_task,
    act.MarkHealthy: mark_healthy,
    act.RemoveTask: remove_task,
}
