"""Effects on services."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.event import Event, with_events
from shipway.model.service import Service
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


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


EFFECTS: Effects = {
    act.EmitEvent: emit_event,
    act.ClearCause: clear_cause,
    act.SetSteady: set_steady,
    act.CloseService: close_service,
}
