"""Task definitions: register, describe, list, deregister, delete."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.container_validation import client_error
from shipway.api.ecs.fargate_validation import compatibilities
from shipway.api.ecs.identifiers import invalid, one_of
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.render_task_definitions import task_definition_wire
from shipway.api.ecs.requires_attributes import requires_attributes
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.ecs.task_definition_defaults import with_defaults
from shipway.api.ecs.task_definition_lookup import family_and_revision, task_definition_of
from shipway.api.ecs.task_definition_validation import check_task_definition
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.task_definition import TaskDefinition, TaskDefinitionFamily

BYTES_MAX = 65536
STATUSES = ("ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS")


def register_task_definition(call: Call, request: Any) -> dict[str, Any]:
    if request.tags is not None and not request.tags:
        raise client_error("Tags can not be empty.")
    body = with_defaults(document(request))
    check_task_definition(body)
    length = len(msgspec.json.encode(body))
    if length > BYTES_MAX:
        raise client_error(
            f"The task definition is too long. Actual length: '{length}'. Max allowed length is "
            f"'{BYTES_MAX}' bytes."
        )
    family = body.pop("family")
    tags = checked_tags(request.tags)
    with call.store.transaction() as tx:
        counter = tx.get(TaskDefinitionFamily, family) or TaskDefinitionFamily(family=family)
        revision = counter.last_revision + 1
        definition = TaskDefinition(
            task_definition_arn=call.place.task_definition(family, revision),
            family=family,
            revision=revision,
            registered_at=call.clock.now_ms(),
            registered_by=call.caller_arn,
            body=body,
            requires_attributes=requires_attributes(body),
            compatibilities=compatibilities(body),
            tags=tags,
        )
        tx.put(definition)
        tx.put(replace(counter, last_revision=revision))
    return {"taskDefinition": task_definition_wire(definition), "tags": list(tags)}


def describe_task_definition(call: Call, request: Any) -> dict[str, Any]:
    definition = described(call, request.task_definition)
    answer: dict[str, Any] = {"taskDefinition": task_definition_wire(definition)}
    if "TAGS" in (request.include or ()):
        answer["tags"] = list(definition.tags)
    return answer


def deregister_task_definition(call: Call, request: Any) -> dict[str, Any]:
    if family_and_revision(call, request.task_definition)[1] is None:
        raise ApiError("ClientException", "Revision is missing.")
    definition = described(call, request.task_definition)
    if definition.status == "ACTIVE":
        definition = replace(definition, status="INACTIVE", deregistered_at=call.clock.now_ms())
        with call.store.transaction() as tx:
            tx.put(definition)
    return {"taskDefinition": task_definition_wire(definition)}


def delete_task_definitions(call: Call, request: Any) -> dict[str, Any]:
    """Deleted ones stay as DELETE_IN_PROGRESS: what still runs from them can be looked up."""
    given = request.task_definitions or []
    if not given:
        raise invalid("size of TaskDefinition references list must be greater than 0")
    if len(given) > 10:
        raise invalid("Size of TaskDefinition references list cannot exceed 10")
    deleted, failures = [], []
    with call.store.transaction() as tx:
        for name in given:
            definition, reason = deletable(call, name)
            if definition is None:
                failures.append({"arn": name, "reason": reason})
                continue
            definition = replace(definition, status="DELETE_IN_PROGRESS")
            tx.put(definition)
            deleted.append(task_definition_wire(definition))
    return {"taskDefinitions": deleted, "failures": failures}


def deletable(call: Call, given: str) -> tuple[TaskDefinition | None, str]:
    if family_and_revision(call, given)[1] is None:
        return None, (
            "The specified task definition identifier is invalid. Specify a valid name or ARN and try again."
        )
    definition = task_definition_of(call, given)
    if definition is None:
        return None, (
            "The specified task definition does not exist. Specify a valid account, family, revision and "
            "try again."
        )
    if definition.status == "ACTIVE":
        return None, (
            "The specified task definition is still in ACTIVE status. Please deregister the target and try "
            "again."
        )
    return definition, ""


def list_task_definitions(call: Call, request: Any) -> dict[str, Any]:
    """`familyPrefix` is, in spite of its name, the whole family."""
    state = call.store.state
    status = one_of(request.status, STATUSES, "status") or "ACTIVE"
    prefix = request.family_prefix
    known = state.by(TaskDefinition, "family", prefix) if prefix else state.all(TaskDefinition)
    found = sorted(
        (definition for definition in known if definition.status == status),
        key=lambda definition: (definition.family, definition.revision),
        reverse=one_of(request.sort, ("ASC", "DESC"), "sort") == "DESC",
    )
    shown, next_token = page([definition.task_definition_arn for definition in found], request)
    return with_token({"taskDefinitionArns": shown}, next_token)


def list_task_definition_families(call: Call, request: Any) -> dict[str, Any]:
    """A family is ACTIVE while one of its revisions is; one without any revision left is not shown."""
    status = one_of(request.status, ("ACTIVE", "INACTIVE", "ALL"), "status") or "ALL"
    active = {d.family for d in call.store.state.all(TaskDefinition) if d.status == "ACTIVE"}
    known = {d.family for d in call.store.state.all(TaskDefinition)}
    wanted = {"ACTIVE": active, "INACTIVE": known - active, "ALL": known}[status]
    prefix = request.family_prefix or ""
    shown, next_token = page(sorted(family for family in wanted if family.startswith(prefix)), request)
    return with_token({"families": shown}, next_token)


def described(call: Call, given: str) -> TaskDefinition:
    definition = task_definition_of(call, given)
    if definition is None:
        raise client_error("Unable to describe task definition.")
    return definition
