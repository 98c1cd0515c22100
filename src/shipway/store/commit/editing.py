"""What effects have in common: a task as it was when decided, a record changed, a message in an outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.container_instance import ContainerInstance
from shipway.model.outbox import OutboxMessage
from shipway.model.task import Task
from shipway.store.store import Transaction

Effects = Mapping[type[act.Action], Callable[[Transaction, Any, int], bool | None]]


def unchanged(tx: Transaction, task_arn: str, version: int) -> Task | None:
    task = tx.get(Task, task_arn)
    return task if task is not None and task.version == version and not task.stopped else None


def edit(tx: Transaction, kind: type[Any], key: str, **changes: Any) -> Any:
    """Changes members of a record that must exist: plans speak of what their snapshot held."""
    record = tx.get(kind, key)
    assert record is not None, f"{kind.__name__} {key} is gone"
    if changes:
        record = replace(record, **changes)
        tx.put(record)
    return record


def send(tx: Transaction, task: Task, desired_status: str) -> None:
    """Puts a message for the task's instance in the outbox, under the instance's next number."""
    instance = edit(tx, ContainerInstance, task.container_instance_arn or "")
    seq_num = instance.message_seq_num + 1
    tx.put(replace(instance, message_seq_num=seq_num))
    tx.put(
        OutboxMessage(
            message_id=f"{instance.instance_id}-{seq_num}",
            container_instance_arn=instance.container_instance_arn,
            task_arn=task.task_arn,
            seq_num=seq_num,
            desired_status=desired_status,
        )
    )
