"""Fargate's platform versions: which there are, what the older one cannot do, and how they are shown."""

from __future__ import annotations

from shipway.api.ecs.identifiers import invalid
from shipway.api.errors import ApiError
from shipway.model.record import Document
from shipway.model.task_definition import TaskDefinition

PLATFORM_VERSIONS = ("LATEST", "1.4.0", "1.3.0")
LATEST = "1.4.0"


def platform_version(given: str | None, launch_type: str, definition: TaskDefinition) -> str | None:
    """As it is asked for: a service keeps the word LATEST, its tasks the number."""
    if launch_type != "FARGATE":
        if given:
            raise invalid("The platform version must be null when specifying an EC2 launch type.")
        return None
    if given and given not in PLATFORM_VERSIONS:
        raise ApiError(
            "PlatformUnknownException",
            f"The specified platform version does not exist. Known are {', '.join(PLATFORM_VERSIONS)}.",
        )
    if given == "1.3.0" and needs_latest(definition):
        raise ApiError(
            "PlatformTaskDefinitionIncompatibilityException",
            "One or more of the requested capabilities are not supported.",
        )
    return given or "LATEST"


def needs_latest(definition: TaskDefinition) -> bool:
    """What came with 1.4.0: file systems of EFS, more storage, a shared PID namespace, SYS_PTRACE."""
    body = definition.body
    shared = body.get("ephemeralStorage") or body.get("pidMode")
    volumes = any(volume.get("efsVolumeConfiguration") for volume in body.get("volumes") or [])
    return bool(shared or volumes or any(added_capabilities(each) for each in definition.containers))


def added_capabilities(container: Document) -> list[str]:
    linux = container.get("linuxParameters") or {}
    return list((linux.get("capabilities") or {}).get("add") or [])


def platform_wire(launch_type: str, version: str | None) -> Document:
    """The resolved number, for what runs on Fargate; nothing for the others."""
    if launch_type != "FARGATE":
        return {}
    number = LATEST if version in (None, "LATEST") else version
    return {"platformVersion": number, "platformFamily": "Linux"}
