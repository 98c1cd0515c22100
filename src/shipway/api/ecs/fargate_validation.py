"""What Fargate demands of a task definition."""

from __future__ import annotations

from shipway.api.ecs.task_definition_defaults import number
from shipway.model.record import Document

GIB = 1024
SIZES: dict[int, frozenset[int]] = {
    256: frozenset((512, 1 * GIB, 2 * GIB)),
    512: frozenset(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: frozenset(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: frozenset(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: frozenset(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: frozenset(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: frozenset(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}
"""CPU units to the amounts of memory (MiB) that go with them."""

LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
CONTAINER_MEMBERS = (
    "disableNetworking",
    "dockerSecurityOptions",
    "privileged",
    "links",
    "extraHosts",
    "dnsServers",
    "dnsSearchDomains",
    "resourceRequirements",
)
LINUX_MEMBERS = ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness")


def fargate_refusal(body: Document) -> str | None:
    """Why Fargate cannot run this, in ECS's words; None when it can."""
    if body.get("cpu") is None:
        return "Fargate requires that 'cpu' be defined at the task level."
    if body.get("memory") is None:
        return "Fargate requires that 'memory' be defined at the task level."
    if body.get("networkMode") != "awsvpc":
        return "Fargate only supports network mode ‘awsvpc’."
    if number(body["memory"]) not in SIZES.get(int(body["cpu"]), frozenset()):
        return "No Fargate configuration exists for given values."
    if body.get("ipcMode"):
        return "Tasks using the Fargate launch type do not support ipcMode."
    if body.get("pidMode") not in (None, "", "task"):
        return (
            f"Tasks using the Fargate launch type do not support pidMode '{body['pidMode']}'. "
            "The supported value for pidMode is 'task'."
        )
    if body.get("placementConstraints"):
        return "Placement constraints are not supported with FARGATE launch type."
    return volume_refusal(body) or next(
        (
            refusal
            for container in body["containerDefinitions"]
            if (refusal := container_refusal(container, body))
        ),
        None,
    )


def volume_refusal(body: Document) -> str | None:
    for volume in body["volumes"]:
        if (volume.get("host") or {}).get("sourcePath"):
            return "host.sourcePath should not be set for volumes in Fargate."
        if volume.get("dockerVolumeConfiguration"):
            return "dockerVolumeConfiguration is not supported for volumes in Fargate."
    return None


def container_refusal(container: Document, body: Document) -> str | None:
    for member in CONTAINER_MEMBERS:
        if container.get(member):
            return f"Fargate compatible task definitions do not support {member}"
    linux = container.get("linuxParameters") or {}
    for member in LINUX_MEMBERS:
        if linux.get(member):
            return f"Fargate compatible task definitions do not support {member}"
    for capability in (linux.get("capabilities") or {}).get("add") or []:
        if capability != "SYS_PTRACE":
            return f"Fargate compatible task definitions do not support adding the capability {capability}"
    driver = (container.get("logConfiguration") or {}).get("logDriver")
    if driver and driver not in LOG_DRIVERS:
        return f"Fargate compatible task definitions do not support log driver {driver}"
    if body.get("executionRoleArn"):
        return None
    if ".dkr.ecr." in container["image"]:
        return "Fargate requires task definition to have execution role ARN to support ECR images."
    if driver == "awslogs":
        return "Fargate requires task definition to have execution role ARN to support log driver awslogs."
    return None


def compatibilities(body: Document) -> tuple[str, ...]:
    """The launch types whose rules the definition satisfies, in ECS's order."""
    if (body.get("networkMode") or "bridge") != "awsvpc":
        return ("EXTERNAL", "EC2")
    return ("EC2",) if fargate_refusal(body) else ("EC2", "FARGATE")
