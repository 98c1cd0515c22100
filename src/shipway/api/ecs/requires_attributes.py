"""What a task definition asks of a container instance: capability attributes, derived from the features it
uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.record import Document

AGENT = "com.amazonaws.ecs.capability."
ECS = "ecs.capability."
API_117_MEMBERS = (
    "readonlyRootFilesystem",
    "privileged",
    "user",
    "extraHosts",
    "dockerSecurityOptions",
    "pseudoTerminal",
    "interactive",
    "dnsServers",
    "dnsSearchDomains",
    "hostname",
    "workingDirectory",
)


def requires_attributes(body: Document) -> tuple[str, ...]:
    """Attribute names, sorted."""
    names = set(task_attributes(body))
    for container in body["containerDefinitions"]:
        names.update(container_attributes(container, body))
    return tuple(sorted(names))


def api(version: str) -> str:
    return f"{AGENT}docker-remote-api.{version}"


def task_attributes(body: Document) -> Iterator[str]:
    mode = body.get("networkMode") or "bridge"
    if mode == "awsvpc":
        yield from (f"{ECS}task-eni", api("1.18"))
    if body.get("taskRoleArn"):
        yield from (f"{AGENT}task-iam-role", api("1.17"))
        if mode == "host":
            yield f"{AGENT}task-iam-role-network-host"
    if (body.get("cpu") or body.get("memory")) and "FARGATE" not in (
        body.get("requiresCompatibilities") or []
    ):
        yield from (f"{ECS}task-cpu-mem-limit", api("1.22"))
    if body.get("pidMode") or body.get("ipcMode"):
        yield f"{ECS}pid-ipc-namespace-sharing"
    if body.get("proxyConfiguration"):
        yield f"{ECS}aws-appmesh"
    for volume in body["volumes"]:
        yield from volume_attributes(volume)


def volume_attributes(volume: Document) -> Iterator[str]:
    docker = volume.get("dockerVolumeConfiguration")
    if docker:
        yield from (f"{ECS}docker-plugin.{(docker.get('driver') or 'local').replace(':', '.')}", api("1.25"))
    efs = volume.get("efsVolumeConfiguration")
    if efs:
        yield from (f"{ECS}efs", api("1.25"))
        if efs.get("authorizationConfig"):
            yield f"{ECS}efsAuth"
    if volume.get("configuredAtLaunch"):
        yield f"{ECS}storage.ebs-task-volume-attach"


def container_attributes(container: Document, body: Document) -> Iterator[str]:
    if container["portMappings"] or any(
        container.get(m) for m in ("logConfiguration", "dockerLabels", "ulimits")
    ):
        yield api("1.18")
    if any(container.get(member) for member in API_117_MEMBERS):
        yield api("1.17")
    if container.get("privileged"):
        yield f"{AGENT}privileged-container"
    if container.get("memoryReservation"):
        yield api("1.21")
    if any(container.get(member) for member in ("dependsOn", "startTimeout", "stopTimeout")):
        yield f"{ECS}container-ordering"
    if container.get("environmentFiles"):
        yield f"{ECS}env-files.s3"
    if container.get("repositoryCredentials"):
        yield f"{ECS}private-registry-authentication.secretsmanager"
    if (container.get("restartPolicy") or {}).get("enabled"):
        yield f"{ECS}container-restart-policy"
    if any(mapping.get("containerPortRange") for mapping in container["portMappings"]):
        yield f"{ECS}network.container-port-range"
    if (container.get("linuxParameters") or {}).get("initProcessEnabled"):
        yield api("1.25")
    if any((container.get("linuxParameters") or {}).get(member) for member in ("sharedMemorySize", "tmpfs")):
        yield api("1.22")
    yield from image_attributes(container, body)
    yield from health_check_attributes(container.get("healthCheck"))
    yield from log_attributes(container, body)
    yield from (f"{ECS}secrets.{store(s)}.environment-variables" for s in container.get("secrets") or [])


def image_attributes(container: Document, body: Document) -> Iterator[str]:
    if ".dkr.ecr." not in container["image"]:
        return
    yield from (f"{AGENT}ecr-auth", api("1.19"))
    if body.get("executionRoleArn"):
        yield f"{ECS}execution-role-ecr-pull"


def health_check_attributes(health_check: Document | None) -> Iterator[str]:
    if not health_check:
        return
    yield from (f"{ECS}container-health-check", api("1.24"))
    if health_check.get("startPeriod"):
        yield api("1.29")


def log_attributes(container: Document, body: Document) -> Iterator[str]:
    firelens = container.get("firelensConfiguration")
    if firelens:
        yield f"{ECS}firelens.{firelens['type']}"
        config = (firelens.get("options") or {}).get("config-file-type")
        if config:
            yield f"{ECS}firelens.options.config.{config}"
    log_configuration = container.get("logConfiguration")
    if not log_configuration:
        return
    driver = log_configuration["logDriver"]
    yield f"{AGENT}logging-driver.{driver}"
    if driver in ("awslogs", "fluentd"):
        yield api("1.19")
    if driver == "awslogs" and body.get("executionRoleArn"):
        yield f"{ECS}execution-role-awslogs"
    for secret in log_configuration.get("secretOptions") or []:
        yield f"{ECS}secrets.{store(secret)}.bootstrap.log-driver"


def store(secret: Document) -> str:
    """Which service holds a secret: `asm` for Secrets Manager, `ssm` for parameters."""
    return (
        "asm"
        if secret["valueFrom"].startswith("arn:") and ":secretsmanager:" in secret["valueFrom"]
        else "ssm"
    )
