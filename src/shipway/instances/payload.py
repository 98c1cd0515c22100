"""A task definition, its overrides and its placement, compiled to the task that the agent is sent.

One pure function. What it makes is Amazon's own shape, so an unmodified Amazon agent runs it as ours does.
Role credentials are secrets and change with time: they are added when the payload is sent.
"""

from __future__ import annotations

from base64 import b64encode

from shipway.instances.docker_config import docker_config
from shipway.instances.log_configuration import log_config
from shipway.instances.network import network_interface, port_mappings
from shipway.instances.overrides import container_override, cpu_vcpu, memory_mib, merged_container, task_level
from shipway.instances.settings import PayloadSettings
from shipway.model.arn import short_name
from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Document
from shipway.model.task import EXEC_AGENT, Container, Task
from shipway.model.task_definition import TaskDefinition

EXECUTION_ENVIRONMENT = {"FARGATE": "AWS_ECS_FARGATE", "EXTERNAL": "AWS_ECS_EXTERNAL"}
VERBATIM = ("command", "entryPoint", "links", "dependsOn", "startTimeout", "stopTimeout", "restartPolicy")


def compile_task(
    task: Task,
    definition: TaskDefinition,
    instance: ContainerInstance,
    settings: PayloadSettings,
    service_names: tuple[str, ...] = (),
) -> Document:
    """The entry of `PayloadMessage.tasks` that makes the agent run the task.

    `refusals` says what it leaves out.
    """
    body = definition.body
    payload: Document = {
        "arn": task.task_arn,
        "taskClusterArn": task.cluster_arn,
        "family": definition.family,
        "version": str(definition.revision),
        "desiredStatus": "RUNNING",
        "containers": [
            compile_container(task, definition, entry, settings, service_names)
            for entry in definition.containers
        ],
        "volumes": [volume(entry) for entry in body.get("volumes") or []],
        "overrides": "{}",
        "networkMode": definition.network_mode,
        "launchType": task.launch_type,
        "taskDefinitionAccountId": settings.account_id,
    }
    optional: Document = {
        "cpu": cpu_vcpu(task_level(task, body, "cpu")),
        "memory": memory_mib(task_level(task, body, "memory")),
        "pidMode": body.get("pidMode"),
        "ipcMode": body.get("ipcMode"),
        "group": task.group,
        "serviceName": short_name(task.service_arn) if task.service_arn else None,
        "zone": task.availability_zone or instance.availability_zone,
    }
    payload.update({member: value for member, value in optional.items() if value})
    if task.gpu_ids:
        payload["associations"] = [gpu(container, gpu_id) for container, gpu_id in gpus_of(task)]
    if task.interface is not None:
        payload["elasticNetworkInterfaces"] = [network_interface(task.interface, settings)]
    return payload


def gpus_of(task: Task) -> list[tuple[Container, str]]:
    return [(container, gpu_id) for container in task.containers for gpu_id in container.gpu_ids]


def gpu(container: Container, gpu_id: str) -> Document:
    content = {"encoding": "base64", "value": b64encode(gpu_id.encode()).decode()}
    return {"name": gpu_id, "type": "gpu", "containers": [container.name], "content": content}


def compile_container(
    task: Task,
    definition: TaskDefinition,
    entry: Document,
    settings: PayloadSettings,
    service_names: tuple[str, ...],
) -> Document:
    container = merged_container(entry, container_override(task.overrides, entry["name"]))
    mode = definition.network_mode
    born = next((known for known in task.containers if known.name == entry["name"]), None)
    log = log_config(container, definition.family, task.task_id, settings.region)
    wire: Document = {
        "name": container["name"],
        "image": container["image"],
        "essential": container.get("essential") is not False,
        "cpu": container.get("cpu") or 0,
        "environment": environment(container, task.launch_type),
        "portMappings": port_mappings(container, mode),
        "mountPoints": [mount_point(mount) for mount in container.get("mountPoints") or []],
        "volumesFrom": [volume_from(source) for source in container.get("volumesFrom") or []],
        "overrides": "{}",
        "dockerConfig": docker_config(container, mode, log, service_names),
    }
    if container.get("memory"):
        wire["memory"] = container["memory"]
    wire.update({member: container[member] for member in VERBATIM if container.get(member) is not None})
    if container.get("healthCheck"):
        wire["healthCheckType"] = "docker"
    if container.get("secrets"):
        wire["secrets"] = [secret(entry, settings.region) for entry in container["secrets"]]
    if task.enable_execute_command:
        wire["managedAgents"] = [{"name": EXEC_AGENT, "properties": {}}]
    wire.update(image_source(container, born, settings))
    return wire


def environment(container: Document, launch_type: str) -> dict[str, str]:
    """Later entries win. Which variable names the execution environment is the control plane's to say."""
    given = {pair["name"]: pair.get("value") or "" for pair in container["environment"]}
    return {"AWS_EXECUTION_ENV": EXECUTION_ENVIRONMENT.get(launch_type, "AWS_ECS_EC2"), **given}


def secret(entry: Document, region: str) -> Document:
    """The agent fetches the value: it is in no payload."""
    source = entry["valueFrom"]
    manager = source.startswith("arn:") and ":secretsmanager:" in source
    return {
        "name": entry["name"],
        "valueFrom": source,
        "region": source.split(":")[3] if source.startswith("arn:") else region,
        "provider": "asm" if manager else "ssm",
        "type": "ENVIRONMENT_VARIABLE",
    }


def image_source(container: Document, born: Container | None, settings: PayloadSettings) -> Document:
    """Where the image comes from, and which one it must be if the deployment has settled on a digest."""
    wire: Document = {}
    if born is not None:
        wire["containerArn"] = born.container_arn
        if born.image_digest and container.get("versionConsistency") != "disabled":
            wire["imageDigest"] = born.image_digest
    if container["image"].startswith(f"{settings.registry_address}/"):
        wire["registryAuthentication"] = {
            "type": "ecr",
            "ecrAuthData": {
                "registryId": settings.account_id,
                "region": settings.region,
                "endpointOverride": settings.endpoint_url,
                "useExecutionRole": False,
            },
        }
    return wire


def volume(entry: Document) -> Document:
    if entry.get("dockerVolumeConfiguration"):
        return {
            "name": entry["name"],
            "type": "docker",
            "dockerVolumeConfiguration": entry["dockerVolumeConfiguration"],
        }
    if entry.get("efsVolumeConfiguration"):
        efs = entry["efsVolumeConfiguration"]
        return {"name": entry["name"], "type": "efs", "efsVolumeConfiguration": efs}
    source_path = (entry.get("host") or {}).get("sourcePath")
    return {"name": entry["name"], "type": "host", "host": {"sourcePath": source_path} if source_path else {}}


def mount_point(mount: Document) -> Document:
    return {
        "sourceVolume": mount.get("sourceVolume"),
        "containerPath": mount["containerPath"],
        "readOnly": bool(mount.get("readOnly")),
    }


def volume_from(source: Document) -> Document:
    return {"sourceContainer": source["sourceContainer"], "readOnly": bool(source.get("readOnly"))}
