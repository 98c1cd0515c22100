"""What the metadata addresses (v3 and v4) answer, out of what is known of a task. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from shipway.agent.container_body import InstanceFacts, docker_name
from shipway.agent.log_destination import docker_part
from shipway.agent.task_state import PAUSE_NAME, RUNNING, STOPPED, ContainerState, TaskState

Document = dict[str, Any]


class Place(msgspec.Struct, frozen=True):
    """What the metadata says of the instance, besides its facts."""

    availability_zone: str


def container_document(
    task: TaskState, container: ContainerState, facts: InstanceFacts, version: int
) -> Document:
    spec = task.spec(container.name)
    document: Document = {
        "DockerId": container.runtime_id,
        "Name": container.name,
        "DockerName": docker_name(task, container.name),
        "Image": spec.image,
        "ImageID": container.image_id,
        "Ports": _ports(task, container, version),
        "Labels": _labels(task, container, facts),
        "DesiredStatus": _desired(task, container),
        "KnownStatus": _known(container),
        "ExitCode": container.exit_code,
        "Limits": {"CPU": float(max(spec.cpu, 2)), "Memory": spec.memory or 0},
        "CreatedAt": _moment(container.created_at),
        "StartedAt": _moment(container.started_at),
        "FinishedAt": _moment(container.finished_at),
        "Type": "CNI_PAUSE" if container.name == PAUSE_NAME else "NORMAL",
        "Networks": _networks(task, container, version),
        "Health": _health(container),
    }
    if version >= 4:
        log = docker_part(spec, "host_config").get("LogConfig") or {}
        document.update(
            {
                "LogDriver": log.get("Type") or "json-file",
                "LogOptions": log.get("Config"),
                "ContainerARN": spec.container_arn,
                "RestartCount": container.restarts if spec.restart_policy else None,
            }
        )
    return _without_empty(
        document, keep=("DockerId", "Name", "DockerName", "Image", "ImageID", "Limits", "ExitCode")
    )


def task_document(task: TaskState, facts: InstanceFacts, place: Place, version: int) -> Document:
    document: Document = {
        "Cluster": _cluster(task, facts),
        "TaskARN": task.arn,
        "Family": task.payload.family,
        "Revision": task.payload.version,
        "DesiredStatus": STOPPED if task.stopping else RUNNING,
        "KnownStatus": task.status,
        "Limits": _limits(task),
        "PullStartedAt": _moment(task.pull_started_at),
        "PullStoppedAt": _moment(task.pull_stopped_at),
        "ExecutionStoppedAt": _moment(task.execution_stopped_at),
        "AvailabilityZone": place.availability_zone,
        "Containers": [container_document(task, container, facts, version) for container in task.containers],
    }
    if version >= 4:
        document["ServiceName"] = task.payload.service_name
        document["LaunchType"] = task.payload.launch_type or "EC2"
        document["Group"] = task.payload.group
    found = _without_empty(document, keep=("Containers",))
    return {**found, "FaultInjectionEnabled": False} if version >= 4 else found


def _cluster(task: TaskState, facts: InstanceFacts) -> str:
    """Its name on EC2, its whole ARN on Fargate."""
    arn = task.payload.task_cluster_arn
    return arn if task.payload.launch_type == "FARGATE" and arn else facts.cluster


def credentials_document(task: TaskState, credentials_id: str) -> Document | None:
    for credentials in (task.payload.role_credentials, task.payload.execution_role_credentials):
        if credentials and credentials.credentials_id == credentials_id:
            return {
                "RoleArn": credentials.role_arn,
                "AccessKeyId": credentials.access_key_id,
                "SecretAccessKey": credentials.secret_access_key,
                "Token": credentials.session_token,
                "Expiration": credentials.expiration,
            }
    return None


def _without_empty(document: Document, keep: tuple[str, ...]) -> Document:
    return {
        name: value
        for name, value in document.items()
        if (value or name in keep) and not (name == "ExitCode" and value is None)
    }


def _moment(at_ms: int) -> str:
    if not at_ms:
        return ""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _known(container: ContainerState) -> str:
    if container.name == PAUSE_NAME and container.phase == RUNNING:
        return "RESOURCES_PROVISIONED"
    return RUNNING if container.phase == "RESTARTING" else container.phase


def _desired(task: TaskState, container: ContainerState) -> str:
    if task.stopping:
        return STOPPED
    return "RESOURCES_PROVISIONED" if container.name == PAUSE_NAME else RUNNING


def _labels(task: TaskState, container: ContainerState, facts: InstanceFacts) -> dict[str, str]:
    return {
        **(docker_part(task.spec(container.name), "config").get("Labels") or {}),
        "com.amazonaws.ecs.cluster": facts.cluster,
        "com.amazonaws.ecs.container-name": container.name,
        "com.amazonaws.ecs.task-arn": task.arn,
        "com.amazonaws.ecs.task-definition-family": task.payload.family,
        "com.amazonaws.ecs.task-definition-version": task.payload.version,
    }


def _limits(task: TaskState) -> Document:
    limits = {"CPU": task.payload.cpu, "Memory": task.payload.memory}
    return {name: value for name, value in limits.items() if value}


def _ports(task: TaskState, container: ContainerState, version: int) -> list[Document]:
    return [
        {
            "ContainerPort": binding.container_port,
            "Protocol": binding.protocol,
            "HostPort": binding.host_port,
            **({"HostIp": binding.bind_ip} if version >= 4 else {}),
        }
        for binding in container.network_bindings
    ]


def _networks(task: TaskState, container: ContainerState, version: int) -> list[Document]:
    interfaces = task.payload.elastic_network_interfaces
    if task.awsvpc and interfaces:
        interface = interfaces[0]
        network: Document = {"NetworkMode": "awsvpc", "IPv4Addresses": [interface.private_address]}
        if version >= 4:
            network.update(
                {
                    "AttachmentIndex": interface.index or 0,
                    "MACAddress": interface.mac_address,
                    "DomainNameServers": list(interface.domain_name_servers or ()),
                    "PrivateDNSName": interface.private_dns_name,
                    "SubnetGatewayIpv4Address": interface.subnet_gateway_ipv4_address,
                }
            )
        return [_without_empty(network, keep=("NetworkMode", "AttachmentIndex"))]
    if task.network_mode == "host":
        return [{"NetworkMode": "host", "IPv4Addresses": [""]}]
    return [
        {"NetworkMode": task.network_mode, "IPv4Addresses": [address]} for _, address in container.addresses
    ]


def _health(container: ContainerState) -> Document:
    if container.health == "UNKNOWN":
        return {}
    return {"status": container.health, "statusSince": _moment(container.health_since)}
