"""Daemon task definitions: register, describe, list, delete. Their families are apart from the others'."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.container_validation import client_error
from shipway.api.ecs.identifiers import invalid, one_of
from shipway.api.ecs.moments import moments
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.requires_attributes import requires_attributes
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.ecs.task_definition_defaults import with_defaults
from shipway.api.ecs.task_definition_validation import check_task_definition
from shipway.api.shapes import document
from shipway.model.arn import resource_path
from shipway.model.daemon import Daemon, DaemonRevision
from shipway.model.daemon_task_definition import DaemonTaskDefinition, DaemonTaskDefinitionFamily
from shipway.model.record import Document
from shipway.store import Reads

NAME = re.compile(r"(?P<family>[A-Za-z0-9_-]{1,255})(:(?P<revision>[1-9]\d*))?")
CONTAINER_DEFAULTS: Document = {"cpu": 0, "essential": True, "environment": [], "mountPoints": []}
MODES = ("none", "shared")
BYTES_MAX = 65536


def register_daemon_task_definition(call: Call, request: Any) -> dict[str, Any]:
    given: Document = document(request)
    for mode in ("pidMode", "ipcMode"):
        one_of(given.get(mode), MODES, mode)
    body = with_defaults(executed(given))
    check_task_definition(body)
    if len(msgspec.json.encode(body)) > BYTES_MAX:
        raise client_error(f"The daemon task definition is longer than {BYTES_MAX} bytes.")
    family = body.pop("family")
    tags = checked_tags(request.tags)
    with call.store.transaction() as tx:
        counter = tx.get(DaemonTaskDefinitionFamily, family) or DaemonTaskDefinitionFamily(family=family)
        revision = counter.last_revision + 1
        definition = DaemonTaskDefinition(
            task_definition_arn=call.place.daemon_task_definition(family, revision),
            family=family,
            revision=revision,
            registered_at=call.clock.now_ms(),
            registered_by=call.caller_arn,
            body=body,
            registered=echoed(given),
            requires_attributes=requires_attributes(body),
            tags=tags,
        )
        tx.put(definition)
        tx.put(replace(counter, last_revision=revision))
    return {"daemonTaskDefinitionArn": definition.task_definition_arn}


def describe_daemon_task_definition(call: Call, request: Any) -> dict[str, Any]:
    definition = definition_named(call, request.daemon_task_definition)
    return {"daemonTaskDefinition": wire(call.store.state, definition)}


def delete_daemon_task_definition(call: Call, request: Any) -> dict[str, Any]:
    """Daemons that were made of it go on; it is DELETED when the last of them is."""
    definition = definition_named(call, request.daemon_task_definition, revision_needed=True)
    if definition.status != "ACTIVE":
        raise client_error("The specified daemon task definition is not in ACTIVE status.")
    now_ms = call.clock.now_ms()
    with call.store.transaction() as tx:
        tx.put(replace(definition, status="DELETE_IN_PROGRESS", delete_requested_at=now_ms))
    return {"daemonTaskDefinitionArn": definition.task_definition_arn}


def list_daemon_task_definitions(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    status = one_of(request.status, ("ACTIVE", "DELETE_IN_PROGRESS", "ALL"), "status") or "ACTIVE"
    last_only = one_of(request.revision, ("LAST_REGISTERED",), "revision") is not None
    known = [
        definition
        for definition in state.all(DaemonTaskDefinition)
        if request.family in (None, definition.family)
        and definition.family.startswith(request.family_prefix or "")
        and (not last_only or is_last(state, definition))
    ]
    shown = {
        definition.task_definition_arn: summary(state, definition)
        for definition in sorted(
            known,
            key=lambda definition: (definition.family, definition.revision),
            reverse=one_of(request.sort, ("ASC", "DESC"), "sort") == "DESC",
        )
        if status in ("ALL", status_of(state, definition))
    }
    arns, next_token = page(list(shown), request)
    return with_token({"daemonTaskDefinitions": [shown[arn] for arn in arns]}, next_token)


def executed(given: Document) -> Document:
    """As an ordinary task definition says it: on the network bridge, shared namespaces are the host's."""
    body = {name: value for name, value in given.items() if name not in ("tags", "pidMode", "ipcMode")}
    shared = {mode: "host" for mode in ("pidMode", "ipcMode") if given.get(mode) == "shared"}
    return {**body, **shared}


def echoed(given: Document) -> Document:
    kept = {name: value for name, value in given.items() if name not in ("family", "tags")}
    containers = [{**CONTAINER_DEFAULTS, **entry} for entry in given["containerDefinitions"]]
    return {"pidMode": "none", "ipcMode": "none", **kept, "containerDefinitions": containers}


def definition_named(call: Call, given: str, *, revision_needed: bool = False) -> DaemonTaskDefinition:
    """By ARN or `family:revision`, whatever its status; by family its latest ACTIVE revision."""
    name = given
    if given.startswith("arn:"):
        path = resource_path(given)
        if path[:1] != ["daemon-task-definition"] or len(path) != 2:
            raise invalid("Invalid identifier: it is not the ARN of a daemon task definition.")
        name = path[1]
    parts = NAME.fullmatch(name)
    if parts is None or (revision_needed and parts["revision"] is None):
        raise invalid("The daemon task definition identifier is invalid. Specify family:revision or an ARN.")
    state = call.store.state
    if parts["revision"] is not None:
        found = state.get(
            DaemonTaskDefinition, call.place.daemon_task_definition(parts["family"], int(parts["revision"]))
        )
    else:
        active = [
            definition
            for definition in state.by(DaemonTaskDefinition, "family", parts["family"])
            if definition.status == "ACTIVE"
        ]
        found = max(active, key=lambda definition: definition.revision, default=None)
    if found is None:
        raise client_error("Unable to describe daemon task definition.")
    return found


def is_last(state: Reads, definition: DaemonTaskDefinition) -> bool:
    counter = state.get(DaemonTaskDefinitionFamily, definition.family)
    return counter is not None and counter.last_revision == definition.revision


def status_of(state: Reads, definition: DaemonTaskDefinition) -> str:
    """DELETED once no daemon is made of it any more."""
    if definition.status == "ACTIVE":
        return "ACTIVE"
    used = any(
        revision.daemon_task_definition_arn == definition.task_definition_arn
        for daemon in state.all(Daemon)
        for revision in state.by(DaemonRevision, "daemon_arn", daemon.daemon_arn)
        if revision.daemon_revision_arn == daemon.revision_arn
    )
    return "DELETE_IN_PROGRESS" if used else "DELETED"


def wire(state: Reads, definition: DaemonTaskDefinition) -> dict[str, Any]:
    return {
        **definition.registered,
        **{name: definition.body[name] for name in ("cpu", "memory") if definition.body.get(name)},
        "daemonTaskDefinitionArn": definition.task_definition_arn,
        "family": definition.family,
        "revision": definition.revision,
        "status": status_of(state, definition),
        "registeredBy": definition.registered_by,
        **moments(registeredAt=definition.registered_at, deleteRequestedAt=definition.delete_requested_at),
    }


def summary(state: Reads, definition: DaemonTaskDefinition) -> dict[str, Any]:
    return {
        "arn": definition.task_definition_arn,
        "status": status_of(state, definition),
        "registeredBy": definition.registered_by,
        **moments(registeredAt=definition.registered_at, deleteRequestedAt=definition.delete_requested_at),
    }
