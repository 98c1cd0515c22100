"""Effects of deployments by AWS CodeDeploy."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.code_deploy import CodeDeployment
from shipway.model.service import Service
from shipway.model.task_set import TaskSet
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


def enter_stage(tx: Transaction, action: act.EnterCodeDeployStage, now_ms: int) -> None:
    changes = {"stage": action.stage, "step": action.step, "stage_started_at": now_ms}
    edit(tx, CodeDeployment, action.deployment_id, **changes)


def end_deployment(tx: Transaction, action: act.EndCodeDeployment, now_ms: int) -> None:
    edit(
        tx,
        CodeDeployment,
        action.deployment_id,
        status=action.status,
        completed_at=now_ms,
        error_code=action.error_code,
        error_message=action.error_message,
    )


def switch_primary(tx: Transaction, action: act.SwitchPrimary, now_ms: int) -> bool:
    task_set = tx.get(TaskSet, action.task_set_arn)
    if task_set is None or task_set.status == "DRAINING":
        return False
    for other in tx.by(TaskSet, "service_arn", task_set.service_arn):
        if other.status == "PRIMARY":
            tx.put(replace(other, status="ACTIVE", updated_at=now_ms))
    tx.put(replace(task_set, status="PRIMARY", updated_at=now_ms))
    edit(tx, Service, task_set.service_arn, revision_arn=task_set.service_revision_arn)
    return True


def drain_task_set(tx: Transaction, action: act.DrainTaskSet, now_ms: int) -> bool:
    task_set = tx.get(TaskSet, action.task_set_arn)
    if task_set is None:
        return False
    tx.put(replace(task_set, status="DRAINING", updated_at=now_ms))
    return True


EFFECTS: Effects = {
    act.EnterCodeDeployStage: enter_stage,
    act.EndCodeDeployment: end_deployment,
    act.SwitchPrimary: switch_primary,
    act.DrainTaskSet: drain_task_set,
}
