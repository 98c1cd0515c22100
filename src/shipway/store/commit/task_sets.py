"""Effects on task sets."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task_set import TaskSet
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


def set_stability(tx: Transaction, action: act.SetStability, now_ms: int) -> None:
    edit(
        tx,
        TaskSet,
        action.task_set_arn,
        stability_status=action.stability_status,
        stability_status_at=now_ms,
        updated_at=now_ms,
    )


def remove_task_set(tx: Transaction, action: act.RemoveTaskSet, now_ms: int) -> None:
    task_set = edit(tx, TaskSet, action.task_set_arn)
    tx.delete(TaskSet, task_set.task_set_arn)
    tx.delete(ServiceRevision, task_set.service_revision_arn)
    service = tx.get(Service, task_set.service_arn)
    if service is not None and service.revision_arn == task_set.service_revision_arn:
        tx.put(replace(service, revision_arn=""))


EFFECTS: Effects = {
    act.SetStability: set_stability,
    act.RemoveTaskSet: remove_task_set,
}
