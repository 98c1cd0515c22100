"""The rules for `networkConfiguration`: required with awsvpc, refused without."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.identifiers import invalid, one_of
from shipway.api.shapes import document
from shipway.model.record import Document
from shipway.model.task_definition import TaskDefinition

SUBNETS_MAX = 16
SECURITY_GROUPS_MAX = 5


def network_configuration(given: Any, definition: TaskDefinition, launch_type: str) -> Document | None:
    """The configuration with its defaults, or None for what needs none. Subnets are taken on trust: there
    is no VPC.
    """
    plain: Document | None = document(given)
    awsvpc = (plain or {}).get("awsvpcConfiguration")
    if definition.network_mode != "awsvpc":
        if awsvpc:
            raise invalid(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
        return None
    if not awsvpc:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if not awsvpc.get("subnets"):
        raise invalid("subnets can not be empty.")
    if len(awsvpc["subnets"]) > SUBNETS_MAX:
        raise invalid(f"subnets can have at most {SUBNETS_MAX} items.")
    if len(awsvpc.get("securityGroups") or []) > SECURITY_GROUPS_MAX:
        raise invalid(f"securityGroups can have at most {SECURITY_GROUPS_MAX} items.")
    public = one_of(awsvpc.get("assignPublicIp"), ("ENABLED", "DISABLED"), "assignPublicIp")
    if public == "ENABLED" and launch_type != "FARGATE":
        raise invalid("Assign public IP is not supported for this launch type.")
    return {"awsvpcConfiguration": {"securityGroups": [], "assignPublicIp": "DISABLED", **awsvpc}}
