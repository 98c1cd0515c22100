"""Effects on managed daemons, their deployments and their instances."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


def hold_instance(tx: Transaction, action: act.HoldInstance, now_ms: int) -> bool:
    """Refused for one that a user drains, or that is no more."""
    instance = tx.get(ContainerInstance, action.container_instance_arn)
    usable = instance is not None and (instance.status in ("ACTIVE", "REGISTERING") or instance.held_by)
    if instance is None or not usable or action.daemon_arn in instance.held_by:
        return False
    tx.put(
        replace(
            instance,
            status="DRAINING" if instance.status == "ACTIVE" else instance.status,
            held_by=(*instance.held_by, action.daemon_arn),
            held_at=instance.held_at if instance.held_by else now_ms,
            version=instance.version + 1,
        )
    )
    return True


def release_instance(tx: Transaction, action: act.ReleaseInstance, now_ms: int) -> bool:
    instance = tx.get(ContainerInstance, action.container_instance_arn)
    if instance is None or action.daemon_arn not in instance.held_by:
        return False
    left = tuple(arn for arn in instance.held_by if arn != action.daemon_arn)
    status = "ACTIVE" if not left and instance.status != "INACTIVE" else instance.status
    tx.put(replace(instance, status=status, held_by=left, version=instance.version + 1))
    return True


def begin_deployment(tx: Transaction, action: act.BeginDaemonDeployment, now_ms: int) -> None:
    edit(
        tx,
        DaemonDeployment,
        action.daemon_deployment_arn,
        status="IN_PROGRESS",
        started_at=now_ms,
        alarms_status=action.alarms_status,
        alarms_ignored=action.alarms_ignored,
    )


def count_failures(tx: Transaction, action: act.CountDaemonFailures, now_ms: int) -> None:
    edit(tx, DaemonDeployment, action.daemon_deployment_arn, failure_count=action.failure_count)


def end_deployment(tx: Transaction, action: act.EndDaemonDeployment, now_ms: int) -> None:
    deployment = edit(tx, DaemonDeployment, action.daemon_deployment_arn)
    changes: dict[str, Any] = {"status": action.status}
    changes["stopped_at" if action.status == "STOPPED" else "finished_at"] = now_ms
    if action.status_reason is not None:
        changes["status_reason"] = action.status_reason
    for monitor in ("circuit_breaker_status", "alarms_status"):
        if getattr(deployment, monitor) == "MONITORING":
            changes[monitor] = "TRIGGERED" if action.triggered else "MONITORING_COMPLETE"
    tx.put(replace(deployment, **changes))
    if action.rolled_out is not None:
        edit(tx, DaemonRevision, action.rolled_out, completed_at=now_ms)


def roll_back(tx: Transaction, action: act.RollBackDaemon, now_ms: int) -> None:
    edit(tx, Daemon, action.daemon_arn, revision_arn=action.to_revision_arn, updated_at=now_ms)
    edit(
        tx,
        DaemonRevision,
        action.to_revision_arn,
        failures_since=now_ms,
        start_failures_since=now_ms,
    )
    triggered = "alarms_status" if action.alarms_triggered else "circuit_breaker_status"
    edit(
        tx,
        DaemonDeployment,
        action.daemon_deployment_arn,
        status="ROLLBACK_IN_PROGRESS",
        rollback_reason=action.rollback_reason,
        rollback_started_at=now_ms,
        rollback_revision_arn=action.to_revision_arn,
        alarms_triggered=action.alarms_triggered,
        **{triggered: "TRIGGERED"},
    )


def remove_daemon(tx: Transaction, action: act.RemoveDaemon, now_ms: int) -> None:
    """Its deployments stay: whoever waits for the last one asks for it afterwards."""
    for revision in tx.by(DaemonRevision, "daemon_arn", action.daemon_arn):
        tx.delete(DaemonRevision, revision.daemon_revision_arn)
    tx.delete(Daemon, action.daemon_arn)


EFFECTS: Effects = {
    act.HoldInstance: hold_instance,
    act.ReleaseInstance: release_instance,
    act.BeginDaemonDeployment: begin_deployment,
    act.CountDaemonFailures: count_failures,
    act.EndDaemonDeployment: end_deployment,
    act.RollBackDaemon: roll_back,
    act.RemoveDaemon: remove_daemon,
}
