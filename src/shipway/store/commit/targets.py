"""Effects on targets."""

from __future__ import annotations

from shipway.model import actions as act
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.store.commit.editing import Effects
from shipway.store.store import Transaction


def register_target(tx: Transaction, action: act.RegisterTarget, now_ms: int) -> bool:
    """Refused when its task was told to stop meanwhile: nobody would drain the target."""
    task = tx.get(Task, action.target.task_arn or "")
    if task is None or task.desired_status == "STOPPED":
        return False
    tx.put(action.target)
    return True


def drain_target(tx: Transaction, action: act.DrainTarget, now_ms: int) -> bool:
    if tx.get(Target, action.target.key) is None:
        return False
    tx.put(action.target)
    return True


def remove_target(tx: Transaction, action: act.RemoveTarget, now_ms: int) -> None:
    tx.delete(Target, action.target_key)


EFFECTS: Effects = {
    act.RegisterTarget: register_target,
    act.DrainTarget: drain_target,
    act.RemoveTarget: remove_target,
}
