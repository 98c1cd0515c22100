"""The rules for task overrides."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.ecs.container_validation import check_gpus
from shipway.api.ecs.identifiers import invalid
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.record import Document
from shipway.model.task_definition import TaskDefinition

LENGTH_MAX = 8192


def task_overrides(given: Any, definition: TaskDefinition) -> Document:
    """The overrides as given, after checking that they name containers of the task definition."""
    plain: Document = document(given) or {}
    if len(msgspec.json.encode(plain)) > LENGTH_MAX:
        raise invalid(f"The overrides can have at most {LENGTH_MAX} characters.")
    for override in plain.get("containerOverrides") or []:
        name = override.get("name")
        if not name:
            raise invalid("Container override name cannot be empty.")
        if definition.container(name) is None:
            raise invalid(f"Override for container named {name} is not a container in the TaskDefinition.")
        check_gpus(override)
    for member in ("cpu", "memory"):
        value = plain.get(member)
        if value is not None and not str(value).isdigit():
            raise ApiError("ClientException", f"Invalid '{member}' setting for task.")
    return plain
