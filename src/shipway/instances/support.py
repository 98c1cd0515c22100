"""What becomes of every member of a task definition: applied, or refused by name, never dropped in silence.

The tables name each member of botocore's shapes; a test fails for a member that nobody has decided about. A
value says where a member is applied: in the `payload` itself, in its `docker` half, by the `control plane`,
or `refused`. What is refused only for some values is in `conditional_refusals`.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.record import Document
from shipway.model.task_definition import TaskDefinition

PAYLOAD = "payload"
DOCKER = "docker"
CONTROL_PLANE = "control plane"
REFUSED = "refused"

CONTAINER_DEFINITION = {
    **dict.fromkeys(
        (
            *(
                "name",
                "image",
                "cpu",
                "memory",
                "links",
                "portMappings",
                "essential",
                "restartPolicy",
                "entryPoint",
            ),
            *(
                "command",
                "environment",
                "mountPoints",
                "volumesFrom",
                "dependsOn",
                "startTimeout",
                "stopTimeout",
            ),
            "secrets",
            "resourceRequirements",  # GPUs; of other kinds see `conditional_refusals`
        ),
        PAYLOAD,
    ),
    **dict.fromkeys(
        (
            *(
                "memoryReservation",
                "linuxParameters",
                "hostname",
                "user",
                "workingDirectory",
                "disableNetworking",
            ),
            *("privileged", "readonlyRootFilesystem", "dnsServers", "dnsSearchDomains", "extraHosts"),
            *("dockerSecurityOptions", "interactive", "pseudoTerminal", "dockerLabels", "ulimits"),
            *("logConfiguration", "healthCheck", "systemControls"),
        ),
        DOCKER,
    ),
    "versionConsistency": CONTROL_PLANE,
    **dict.fromkeys(
        (
            *("repositoryCredentials", "environmentFiles"),
            *("firelensConfiguration", "credentialSpecs"),
        ),
        REFUSED,
    ),
}

TASK_DEFINITION = {
    **dict.fromkeys(
        ("family", "containerDefinitions", "networkMode", "volumes", "cpu", "memory", "pidMode", "ipcMode"),
        PAYLOAD,
    ),
    **dict.fromkeys(
        (
            *("taskRoleArn", "executionRoleArn", "placementConstraints", "requiresCompatibilities", "tags"),
            "runtimePlatform",
            "ephemeralStorage",  # the machine's own disk: there is room or there is not, no limit is set
        ),
        CONTROL_PLANE,
    ),
    **dict.fromkeys(
        (
            "proxyConfiguration",
            "inferenceAccelerators",
            "enableFaultInjection",
            "trustedExecutionConfiguration",
        ),
        REFUSED,
    ),
}

VOLUME = {
    **dict.fromkeys(("name", "host", "dockerVolumeConfiguration", "efsVolumeConfiguration"), PAYLOAD),
    **dict.fromkeys(
        ("s3filesVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration", "configuredAtLaunch"),
        REFUSED,
    ),
}

PORT_MAPPING = {
    **dict.fromkeys(("containerPort", "hostPort", "protocol"), PAYLOAD),
    **dict.fromkeys(("name", "appProtocol"), CONTROL_PLANE),  # they name a port for Service Connect
    "containerPortRange": REFUSED,
}

LINUX_PARAMETERS = dict.fromkeys(
    ("capabilities", "devices", "initProcessEnabled", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness"),
    DOCKER,
)

LOG_CONFIGURATION = {"logDriver": DOCKER, "options": DOCKER, "secretOptions": REFUSED}

DOCKER_VOLUME = {
    **dict.fromkeys(("scope", "autoprovision", "driver"), PAYLOAD),
    **dict.fromkeys(("driverOpts", "labels"), REFUSED),
}

EFS_VOLUME = {
    **dict.fromkeys(("fileSystemId", "rootDirectory", "authorizationConfig"), PAYLOAD),
    # The volume never leaves this machine: there is nothing to encrypt.
    **dict.fromkeys(("transitEncryption", "transitEncryptionPort"), CONTROL_PLANE),
}

CONTAINER_OVERRIDE = {
    **dict.fromkeys(("name", "command", "environment", "cpu", "memory", "resourceRequirements"), PAYLOAD),
    "memoryReservation": DOCKER,
    "environmentFiles": REFUSED,
}

TASK_OVERRIDE = {
    **dict.fromkeys(("containerOverrides", "cpu", "memory"), PAYLOAD),
    **dict.fromkeys(("taskRoleArn", "executionRoleArn", "ephemeralStorage"), CONTROL_PLANE),
    "inferenceAcceleratorOverrides": REFUSED,
}

AWSLOGS_REFUSED = ("awslogs-endpoint",)
AWSVPC_EXCLUDES = ("hostname", "dnsServers", "dnsSearchDomains", "extraHosts", "links")


class RefusedError(Exception):
    """The task asks for members that local ECS does not apply; the text names each."""


def refusals(definition: TaskDefinition, overrides: Document | None = None) -> tuple[str, ...]:
    """Why local ECS does not run this definition, one sentence a member; empty when it does.

    A task of a refused definition is STOPPED before its agent hears of it (TaskFailedToStart), naming these.
    """
    return tuple(
        f"{where}: {what} is not supported by local ECS yet (docs/fidelity.md)"
        for where, what in refused_members(definition, overrides or {})
    )


def refused_members(definition: TaskDefinition, overrides: Document) -> Iterator[tuple[str, str]]:
    task = f"Task definition {definition.family}"
    yield from refused_in(definition.body, TASK_DEFINITION, task)
    for mode in ("pidMode", "ipcMode"):
        if definition.body.get(mode) == "task":
            yield task, f"{mode} task"
    for entry in definition.body.get("volumes") or []:
        yield from refused_of_volume(entry, f"Volume {entry['name']}")
    for container in definition.containers:
        where = f"Container {container['name']}"
        yield from refused_in(container, CONTAINER_DEFINITION, where)
        yield from conditional_refusals(container, definition.network_mode, where)
    yield from refused_in(overrides, TASK_OVERRIDE, "Overrides")
    for override in overrides.get("containerOverrides") or []:
        yield from refused_in(override, CONTAINER_OVERRIDE, f"Override of container {override['name']}")


def refused_in(document: Document, table: dict[str, str], where: str) -> Iterator[tuple[str, str]]:
    for member, decision in table.items():
        if decision == REFUSED and document.get(member):
            yield where, member


def refused_of_volume(volume: Document, where: str) -> Iterator[tuple[str, str]]:
    yield from refused_in(volume, VOLUME, where)
    docker = volume.get("dockerVolumeConfiguration") or {}
    for _, member in refused_in(docker, DOCKER_VOLUME, where):
        yield where, f"dockerVolumeConfiguration.{member}"
    if docker.get("driver") not in (None, "", "local"):
        yield where, f"the volume driver {docker['driver']}"
    if docker.get("scope") == "shared" and not docker.get("autoprovision"):
        yield where, "a shared Docker volume without autoprovision"


def conditional_refusals(container: Document, network_mode: str, where: str) -> Iterator[tuple[str, str]]:
    for mapping in container.get("portMappings") or []:
        for _, member in refused_in(mapping, PORT_MAPPING, where):
            yield where, f"portMappings.{member}"
    yield from refused_of_log(container.get("logConfiguration") or {}, where)
    for requirement in container.get("resourceRequirements") or []:
        if requirement.get("type") != "GPU":
            yield where, f"the resource {requirement.get('type')}"
    if network_mode == "awsvpc":
        for member in AWSVPC_EXCLUDES:
            if container.get(member):
                yield where, f"{member} with the network mode awsvpc"


def refused_of_log(log_configuration: Document, where: str) -> Iterator[tuple[str, str]]:
    for _, member in refused_in(log_configuration, LOG_CONFIGURATION, where):
        yield where, f"logConfiguration.{member}"
    if log_configuration.get("logDriver") == "awsfirelens":
        yield where, "the log driver awsfirelens"
    if log_configuration.get("logDriver") == "awslogs":
        for option in AWSLOGS_REFUSED:
            if (log_configuration.get("options") or {}).get(option):
                yield where, f"the log option {option}"
