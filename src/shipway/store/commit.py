"""Commit of a plan: each action's one effect, in one transaction, checked again by version.

No choices here. An action on a task that changed since the decision is refused and returned; the loop, woken
by the very change, looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.container_instance import ContainerInstance
from shipway.model.event import Event, with_events
from shipway.model.last_status import forward, is_forward
from shipway.model.outbox import OutboxMessage
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.store.store import Transaction


def commit_plan(tx: Transaction, actions: tuple[act.Action, ...], now_ms: int) -> tuple[act.Action, ...]:
    """Applies the actions in order; returns those refused because their task has changed or gone."""
    refused = []
    for action in actions:
        effect = EFFECTS[type(action)]
        if effect(tx, action, now_ms) is False:
            refused.append(action)
    return tuple(refused)


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
    """What was said first about why it stops stays. Its targets and undelivered messages go with it."""
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
    for target in tx.by(Target, "task_arn", task.task_arn):
        tx.delete(Target, target.key)
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
    edit(
        tx,
        ServiceDeployment,
        action.service_deployment_arn,
        failure_count=action.failure_count,
        circuit_breaker_status="TRIGGERED",
    )
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


def emit_event(tx: Transaction, action: act.EmitEvent, now_ms: int) -> None:
    service = edit(tx, Service, action.service_arn)
    if action.cause is not None and action.cause in service.noted:
        return
    noted = service.noted if action.cause is None else (*service.noted, action.cause)
    events = with_events(service.events, (Event(action.event_id, now_ms, action.message),))
    tx.put(replace(service, events=events, noted=noted))


def clear_cause(tx: Transaction, action: act.ClearCause, now_ms: int) -> None:
    service = edit(tx, Service, action.service_arn)
    tx.put(replace(service, noted=tuple(cause for cause in service.noted if cause != action.cause)))


def set_steady(tx: Transaction, action: act.SetSteady, now_ms: int) -> None:
    edit(tx, Service, action.service_arn, steady_at=now_ms if action.steady else None)


def close_service(tx: Transaction, action: act.CloseService, now_ms: int) -> None:
    edit(tx, Service, action.service_arn, status="INACTIVE", service_deployment_arn=None)


def remove_task(tx: Transaction, action: act.RemoveTask, now_ms: int) -> None:
    tx.delete(Task, action.task_arn)


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
    if status == "SUCCESSFUL" and deployment.circuit_breaker_status == "MONITORING":
        changes["circuit_breaker_status"] = "MONITORING_COMPLETE"
    ended = replace(deployment, **changes)
    tx.put(ended)
    service = tx.get(Service, ended.service_arn)
    if not ended.in_progress and service is not None and service.service_deployment_arn == arn:
        tx.put(replace(service, service_deployment_arn=None))


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


EFFECTS: dict[type[act.Action], Callable[[Transaction, Any, int], bool | None]] = {
    act.StartTask: start_task,
    act.PlaceTask: place_task,
    act.StopTask: stop_task,
    act.EndTask: end_task,
    act.SignalTask: signal_task,
    act.MarkHealthy: mark_healthy,
    act.SetDesiredCount: set_desired_count,
    act.ResetFailures: reset_failures,
    act.BeginDeployment: begin_deployment,
    act.CompleteDeployment: complete_deployment,
    act.FailDeployment: fail_deployment,
    act.RollBack: roll_back,
    act.StopDeployment: stop_deployment,
    act.CountFailures: count_failures,
    act.EmitEvent: emit_event,
    act.ClearCause: clear_cause,
    act.SetSteady: set_steady,
    act.CloseService: close_service,
    act.RemoveTask: remove_task,
    act.RegisterTarget: register_target,
    act.DrainTarget: drain_target,
    act.RemoveTarget: remove_target,
}
