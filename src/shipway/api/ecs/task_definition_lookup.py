"""Which task definition a caller means: `family` (its latest ACTIVE revision), `family:revision`, or the
ARN.
"""

from __future__ import annotations

from shipway.api.call import Call
from shipway.api.ecs.identifiers import invalid
from shipway.api.errors import ApiError
from shipway.model.arn import resource_path
from shipway.model.task_definition import TaskDefinition
from shipway.store import Reads


def family_and_revision(call: Call, given: str) -> tuple[str, int | None]:
    name = given
    if given.startswith("arn:"):
        path = resource_path(given)
        if len(path) != 2:
            raise invalid("Invalid identifier: Unexpected number of separators")
        if path[0] != "task-definition":
            raise invalid(f"Unsupported resource type: {path[0]}")
        if given.split(":", 5)[4] != call.settings.account_id:
            raise invalid("AccountIDs mismatch")
        name = path[1]
    family, separator, revision = name.partition(":")
    if not family or ":" in revision or "/" in name:
        raise invalid("Invalid identifier: Unexpected number of separators")
    if not separator:
        return family, None
    if not revision.isdigit() or int(revision) < 1:
        raise invalid(f"Invalid revision number. Number: {revision}")
    return family, int(revision)


def task_definition_of(call: Call, given: str) -> TaskDefinition | None:
    """Any status when a revision is named; the latest ACTIVE one otherwise."""
    family, revision = family_and_revision(call, given)
    if revision is not None:
        return call.store.state.get(TaskDefinition, call.place.task_definition(family, revision))
    return latest_active(call.store.state, family)


def latest_active(state: Reads, family: str) -> TaskDefinition | None:
    active = [d for d in state.by(TaskDefinition, "family", family) if d.status == "ACTIVE"]
    return max(active, key=lambda definition: definition.revision, default=None)


def launchable(call: Call, given: str, inactive_code: str = "InvalidParameterException") -> TaskDefinition:
    """An ACTIVE task definition to start tasks of."""
    definition = task_definition_of(call, given)
    if definition is None:
        raise ApiError("ClientException", "TaskDefinition not found.")
    if definition.status != "ACTIVE":
        raise ApiError(inactive_code, "TaskDefinition is inactive")
    return definition
