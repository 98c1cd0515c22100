"""A task definition as the API shows it. Its tags are shown beside it, never inside."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.moments import moments
from shipway.model.task_definition import TaskDefinition


def task_definition_wire(definition: TaskDefinition) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "taskDefinitionArn": definition.task_definition_arn,
        **definition.body,
        "family": definition.family,
        "revision": definition.revision,
        "status": definition.status,
        "compatibilities": list(definition.compatibilities),
        "registeredBy": definition.registered_by,
        **moments(registeredAt=definition.registered_at, deregisteredAt=definition.deregistered_at),
    }
    if definition.requires_attributes:
        wire["requiresAttributes"] = [attribute_wire(name) for name in definition.requires_attributes]
    return wire


def attribute_wire(text: str) -> dict[str, str]:
    """`name` or `name=value`."""
    name, separator, value = text.partition("=")
    return {"name": name, "value": value} if separator else {"name": name}
