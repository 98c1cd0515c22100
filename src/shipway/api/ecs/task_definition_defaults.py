"""What ECS fills in when a task definition is registered: the form that DescribeTaskDefinition echoes."""

from __future__ import annotations

import re
from typing import Any

from shipway.api.errors import ApiError
from shipway.model.record import Document

CONTAINER_LISTS = ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls")
HEALTH_CHECK = {"interval": 30, "timeout": 5, "retries": 3}
VCPU = re.compile(r"(\d*\.?\d+)\s*v?cpu", re.IGNORECASE)
GB = re.compile(r"(\d*\.?\d+)\s*gb", re.IGNORECASE)


def with_defaults(given: Document) -> Document:
    """The registered body: the caller's members verbatim, ECS's defaults where it shows them."""
    body = {name: value for name, value in given.items() if name != "tags"}
    mode = body.get("networkMode") or "bridge"
    body["containerDefinitions"] = [
        container(entry, mode) for entry in given.get("containerDefinitions") or []
    ]
    body["volumes"] = [volume(entry) for entry in given.get("volumes") or []]
    body["placementConstraints"] = list(given.get("placementConstraints") or [])
    for member, units in (("cpu", cpu_units), ("memory", memory_mib)):
        if body.get(member) is not None:
            body[member] = units(str(body[member]))
    return body


def container(given: Document, network_mode: str) -> Document:
    filled: Document = {"cpu": 0, "essential": True, **dict.fromkeys(CONTAINER_LISTS), **given}
    for name in CONTAINER_LISTS:
        filled[name] = list(filled[name] or [])
    filled["portMappings"] = [port_mapping(entry, network_mode) for entry in filled["portMappings"]]
    if filled.get("healthCheck"):
        filled["healthCheck"] = {**HEALTH_CHECK, **filled["healthCheck"]}
    return filled


def port_mapping(given: Document, network_mode: str) -> Document:
    protocol = "udp" if str(given.get("protocol") or "").lower() == "udp" else "tcp"
    filled = {**given, "protocol": protocol}
    if given.get("containerPortRange"):
        return filled
    if network_mode in ("awsvpc", "host"):
        filled["hostPort"] = given.get("hostPort") or given.get("containerPort")
    else:
        filled["hostPort"] = given.get("hostPort") or 0
    return filled


def volume(given: Document) -> Document:
    kinds = [name for name in given if name != "name"]
    return dict(given) if kinds else {**given, "host": {}}


def cpu_units(text: str) -> str:
    """`1 vCPU` and `1024` are the same thing; shown in units."""
    return units_of(text, VCPU, "cpu")


def memory_mib(text: str) -> str:
    """`1 GB` and `1024` are the same thing; shown in MiB."""
    return units_of(text, GB, "memory")


def units_of(text: str, spelled: re.Pattern[str], member: str) -> str:
    match = spelled.fullmatch(text.strip())
    if match:
        return str(round(float(match[1]) * 1024))
    if text.strip().isdigit():
        return text.strip()
    raise ApiError("ClientException", troubleshooting(f"Invalid '{member}' setting for task."))


def troubleshooting(text: str) -> str:
    return f"{text} For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."


def number(text: Any) -> int | None:
    """A task-level size as a number; None when the task has none."""
    return None if text is None else int(text)
