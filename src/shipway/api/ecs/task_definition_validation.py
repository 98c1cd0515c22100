"""The rules for a task definition as a whole. The first rule that is broken is what the caller hears, in
ECS's words.
"""

from __future__ import annotations

import re
from collections import Counter

from shipway.api.ecs.container_validation import check_container, client_error
from shipway.api.ecs.dependency_validation import check_dependencies
from shipway.api.ecs.fargate_validation import fargate_refusal
from shipway.api.ecs.linux_validation import check_linux
from shipway.api.ecs.placement_rules import check_definition_constraints
from shipway.api.ecs.task_definition_defaults import number, troubleshooting
from shipway.model.record import Document

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
CONTAINERS_MAX = 10
TASK_CPU_RANGE = range(128, 196609)
NETWORK_MODES = ("bridge", "host", "awsvpc", "none")
COMPATIBILITIES = ("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")
ARCHITECTURES = ("X86_64", "ARM64")
EPHEMERAL_GIB = range(21, 201)


def check_task_definition(body: Document) -> None:
    """Raises ClientException for the first broken rule; `body` has its defaults filled in."""
    check_words(body)
    containers = body["containerDefinitions"]
    check_container_list(containers)
    for container in containers:
        check_container(container, body)
        check_linux(container)
    if "FARGATE" in (body.get("requiresCompatibilities") or []):
        refusal = fargate_refusal(body)
        if refusal:
            raise client_error(refusal)
    check_sizes(body)
    check_static_ports(containers)
    check_port_names(containers)
    check_volumes(body)
    check_dependencies(containers)
    check_definition_constraints(body["placementConstraints"])
    check_proxy(body)


def check_words(body: Document) -> None:
    if not NAME.fullmatch(body.get("family") or ""):
        raise client_error(
            "Invalid family name. Up to 255 letters (uppercase and lowercase), numbers, underscores, and "
            "hyphens are allowed."
        )
    mode = body.get("networkMode")
    if mode is not None and mode not in NETWORK_MODES:
        raise client_error(f"Network mode '{mode}' is not valid. Valid modes are {', '.join(NETWORK_MODES)}.")
    for name in body.get("requiresCompatibilities") or []:
        if name not in COMPATIBILITIES:
            raise client_error(
                f"requiresCompatibilities '{name}' is not one of [{','.join(COMPATIBILITIES)}]."
            )
    for member, allowed in (("pidMode", ("host", "task")), ("ipcMode", ("host", "task", "none"))):
        value = body.get(member)
        if value and value not in allowed:
            raise client_error(f"{member} '{value}' is not one of [{','.join(allowed)}].")
    architecture = (body.get("runtimePlatform") or {}).get("cpuArchitecture")
    if architecture and architecture not in ARCHITECTURES:
        raise client_error(
            f"runtimePlatform.cpuArchitecture '{architecture}' is not one of [{','.join(ARCHITECTURES)}]."
        )
    for member in ("taskRoleArn", "executionRoleArn"):
        check_role(body.get(member))


def check_role(role: str | None) -> None:
    """A role's ARN, or its short name."""
    if not role:
        return
    if role.startswith("arn:"):
        parts = role.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
            raise client_error("Invalid arn syntax.")
    elif not re.fullmatch(r"[\w+=,.@-]{1,64}", role):
        raise client_error("Role is not valid")


def check_container_list(containers: list[Document]) -> None:
    if not containers:
        raise client_error("Container list cannot be empty.")
    if len(containers) > CONTAINERS_MAX:
        raise client_error("Too many containers.")
    for container in containers:
        if not container.get("name"):
            raise client_error("Container.name should not be null or empty.")
        if not container.get("image"):
            raise client_error("Container.image should not be null or empty.")
        if not NAME.fullmatch(container["name"]):
            raise client_error("Container.name contains invalid characters.")
    names = [container["name"] for container in containers]
    if len(set(names)) != len(names):
        raise client_error("Container names must be unique within a Task Definition.")
    if not any(container["essential"] for container in containers):
        raise client_error("Task definition doesn't have any essential container.")


def check_sizes(body: Document) -> None:
    """The task's own CPU and memory against what its containers ask for."""
    cpu, memory = number(body.get("cpu")), number(body.get("memory"))
    containers = body["containerDefinitions"]
    ephemeral = body.get("ephemeralStorage")
    if ephemeral and ephemeral["sizeInGiB"] not in EPHEMERAL_GIB:
        raise client_error("ephemeralStorage.sizeInGiB must be from 21 to 200.")
    if cpu is not None and cpu not in TASK_CPU_RANGE:
        raise client_error(troubleshooting("Invalid 'cpu' setting for task."))
    if memory is not None and memory < 4:
        raise client_error(troubleshooting("Invalid 'memory' setting for task."))
    if memory is not None:
        for container in containers:
            if (container.get("memory") or 0) > memory:
                raise client_error(
                    f"The 'memory' setting for container '{container['name']}' is greater than for the task."
                )
        if sum(container.get("memoryReservation") or 0 for container in containers) > memory:
            raise client_error(
                "The sum of all container 'memoryReservation' values cannot be greater than the value of the "
                "task 'memory'."
            )
    if cpu is not None and sum(container.get("cpu") or 0 for container in containers) > cpu:
        raise client_error(
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."
        )


def check_static_ports(containers: list[Document]) -> None:
    mapped = Counter(
        (mapping["protocol"], mapping["hostPort"])
        for container in containers
        for mapping in container["portMappings"]
        if mapping.get("hostPort")
    )
    for (protocol, port), times in mapped.items():
        if times > 1:
            raise client_error(f"{protocol.upper()} host port '{port}' is mapped multiple times in task.")


def check_port_names(containers: list[Document]) -> None:
    names = [m["name"] for container in containers for m in container["portMappings"] if m.get("name")]
    for name in names:
        if not re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,63}", name):
            raise client_error(f"The port mapping name '{name}' contains invalid characters.")
        if names.count(name) > 1:
            raise client_error(f"The port mapping name '{name}' must be unique within a Task Definition.")


def check_volumes(body: Document) -> None:
    names = [volume.get("name") or "" for volume in body["volumes"]]
    for name, volume in zip(names, body["volumes"], strict=True):
        at_launch = volume.get("configuredAtLaunch")
        if not NAME.fullmatch(name):
            raise client_error("volume.name contains invalid characters.")
        if names.count(name) > 1:
            raise client_error(f"Duplicate volume name '{name}'. Volume names must be unique.")
        source = (volume.get("host") or {}).get("sourcePath")
        if source is not None and not source.strip():
            raise client_error("host.sourcePath should not be blank.")
        kinds = [kind for kind, value in volume.items() if kind.endswith("Configuration") and value]
        if len(kinds) + bool(volume.get("host")) + bool(at_launch) > 1:
            raise client_error(
                f"Volume '{name}' can have one kind only, it has {', '.join(kinds)} among others."
            )
    if sum(bool(volume.get("configuredAtLaunch")) for volume in body["volumes"]) > 1:
        raise client_error("Only one volume can be configured at launch.")


def check_proxy(body: Document) -> None:
    proxy = body.get("proxyConfiguration")
    if not proxy:
        return
    if body.get("networkMode") != "awsvpc":
        raise client_error("proxyConfiguration is only supported when networkMode=awsvpc.")
    if proxy["containerName"] not in [container["name"] for container in body["containerDefinitions"]]:
        raise client_error(
            f"The proxy container '{proxy['containerName']}' does not exist in the task definition."
        )
