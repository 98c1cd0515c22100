"""Effects on services."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.event import Event, with_events
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task_set import TaskSet
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


def emit_event(tx: Transaction, action: act.EmitEvent, now_ms: int) -> None:
    service = edit(tx, Service, action.service_arn)
    told_at = service.told_at if action.cause is None else {**service.told_at, action.cause: now_ms}
    events = with_events(service.events, (Event(action.event_id, now_ms, action.message),))
    tx.put(replace(service, events=events, told_at=told_at))


def clear_cause(tx: Transaction, action: act.ClearCause, now_ms: int) -> None:
    service = edit(tx, Service, action.service_arn)
    told_at = {cause: at for cause, at in service.told_at.items() if cause != action.cause}
    tx.put(replace(service, told_at=told_at))


def set_steady(tx: Transaction, action: act.SetSteady, now_ms: int) -> None:
    edit(tx, Service, action.service_arn, steady_at=now_ms if action.steady else None)


def set_rebalancing(tx: Transaction, action: act.SetRebalancing, now_ms: int) -> None:
    edit(tx, Service, action.service_arn, rebalancing=action.desired_count)


def scale_service(tx: Transaction, action: act.ScaleService, now_ms: int) -> bool:
    """Like any update it ends the pause after failed starts."""
    service = tx.get(Service, action.service_arn)
    if service is None or service.status != "ACTIVE":
        return False
    tx.put(replace(service, desired_count=action.desired_count))
    edit(tx, ServiceRevision, service.revision_arn, start_failures_since=now_ms)
    return True


def close_service(tx: Transaction, action: act.CloseService, now_ms: int) -> None:
    edit(tx, Service, action.service_arn, status="INACTIVE", service_deployment_arn=None)
    for task_set in tx.by(TaskSet, "service_arn", action.service_arn):
        tx.delete(TaskSet, task_set.task_set_arn)


EFFECTS: Effects = {
    act.EmitEvent: emit_event,
    act.ClearCause: clear_cause,
    act.SetSteady: set_steady,
    act.SetRebalancing: set_rebalancing,
    act.ScaleService: scale_service,
    act.CloseService: close_service,
}
