"""Effects on deployments."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


def set_desired_count(tx: Transaction, action: act.SetDesiredCount, now_ms: int) -> None:
    edit(
        tx,
        ServiceRevision,
        action.service_revision_arn,
        desired_count=action.desired_count,
        updated_at=now_ms,
    )


def reset_failures(tx: Transaction, action: act.ResetFailures, now_ms: int) -> None:
    since = {
        "failures_since": action.failures_since,
        "start_failures_since": action.start_failures_since,
    }
    edit(
        tx,
        ServiceRevision,
        action.service_revision_arn,
        **{name: at for name, at in since.items() if at is not None},
    )


def begin_deployment(tx: Transaction, action: act.BeginDeployment, now_ms: int) -> None:
    edit(
        tx,
        ServiceDeployment,
        action.service_deployment_arn,
        status="IN_PROGRESS",
        started_at=now_ms,
        updated_at=now_ms,
        circuit_breaker_status=action.circuit_breaker_status,
        alarms_status=action.alarms_status,
        alarms_ignored=action.alarms_ignored,
    )


def complete_deployment(tx: Transaction, action: act.CompleteDeployment, now_ms: int) -> None:
    revision = edit(tx, ServiceRevision, action.service_revision_arn)
    text = f"ECS deployment {revision.deployment_id} completed."
    tx.put(
        replace(
            revision,
            rollout_state="COMPLETED",
            rollout_state_reason=text,
            completed_at=now_ms,
            updated_at=now_ms,
        )
    )
    end_deployment(tx, action.service_deployment_arn, action.status, None, now_ms)


def fail_deployment(tx: Transaction, action: act.FailDeployment, now_ms: int) -> None:
    edit(
        tx,
        ServiceRevision,
        action.service_revision_arn,
        rollout_state="FAILED",
        rollout_state_reason=action.rollout_state_reason,
        updated_at=now_ms,
    )
    if action.service_deployment_arn is None:
        return
    changes: dict[str, Any] = {}
    if action.circuit_breaker_triggered:
        changes["circuit_breaker_status"] = "TRIGGERED"
    if action.alarms_triggered:
        changes |= {"alarms_status": "TRIGGERED", "alarms_triggered": action.alarms_triggered}
    if action.rollback_reason is not None:
        changes |= {"rollback_reason": action.rollback_reason, "rollback_started_at": now_ms}
    edit(tx, ServiceDeployment, action.service_deployment_arn, **changes)
    end_deployment(tx, action.service_deployment_arn, action.status, action.status_reason, now_ms)


def roll_back(tx: Transaction, action: act.RollBack, now_ms: int) -> None:
    tx.put(action.to_revision)
    edit(tx, Service, action.service_arn, revision_arn=action.to_revision.service_revision_arn)
    if action.service_deployment_arn is not None:
        edit(
            tx,
            ServiceDeployment,
            action.service_deployment_arn,
            status="ROLLBACK_IN_PROGRESS",
            rollback_reason=action.rollback_reason,
            rollback_started_at=now_ms,
            rollback_revision_arn=action.to_revision.service_revision_arn,
            updated_at=now_ms,
        )


def stop_deployment(tx: Transaction, action: act.StopDeployment, now_ms: int) -> None:
    end_deployment(tx, action.service_deployment_arn, action.status, action.status_reason, now_ms)


def count_failures(tx: Transaction, action: act.CountFailures, now_ms: int) -> None:
    edit(
        tx,
        ServiceDeployment,
        action.service_deployment_arn,
        failure_count=action.failure_count,
        updated_at=now_ms,
    )


def end_deployment(
    tx: Transaction, arn: str | None, status: str, status_reason: str | None, now_ms: int
) -> None:
    if arn is None:
        return
    deployment = edit(tx, ServiceDeployment, arn, status=status, updated_at=now_ms)
    changes: dict[str, Any] = {"status_reason": status_reason or deployment.status_reason}
    if status in ("SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"):
        changes["finished_at"] = now_ms
    elif status == "STOPPED":
        changes["stopped_at"] = now_ms
    for monitor in ("circuit_breaker_status", "alarms_status"):
        if getattr(deployment, monitor) == "MONITORING":
            changes[monitor] = "MONITORING_COMPLETE"
    ended = replace(deployment, **changes)
    tx.put(ended)
    service = tx.get(Service, ended.service_arn)
    if not ended.in_progress and service is not None and service.service_deployment_arn == arn:
        tx.put(replace(service, service_deployment_arn=None))


EFFECTS: Effects = {
    act.SetDesiredCount: set_desired_count,
    act.ResetFailures: reset_failures,
    act.BeginDeployment: begin_deployment,
    act.CompleteDeployment: complete_deployment,
    act.FailDeployment: fail_deployment,
    act.RollBack: roll_back,
    act.StopDeployment: stop_deployment,
    act.CountFailures: count_failures,
}
