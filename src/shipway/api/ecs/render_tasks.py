"""A task as the API shows it."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.moments import moments, present
from shipway.api.ecs.platform_rules import platform_wire
from shipway.model.arn import cluster_name_of
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.container_instance import ContainerInstance
from shipway.model.last_status import BEFORE_RUNNING
from shipway.model.record import Document
from shipway.model.task import Container, NetworkInterface, Task
from shipway.model.task_definition import TaskDefinition
from shipway.store import Reads

FARGATE_STORAGE = {"sizeInGiB": 20}  # of a task whose definition asks for none
CPU_ARCHITECTURE = "ecs.cpu-architecture"
OVERRIDE_LISTS: Document = {"inferenceAcceleratorOverrides": []}


def task_wire(state: Reads, task: Task, include: frozenset[str] = frozenset()) -> dict[str, Any]:
    instance = (
        state.get(ContainerInstance, task.container_instance_arn) if task.container_instance_arn else None
    )
    hidden = cluster_name_of(task.container_instance_arn or "") == FARGATE_CLUSTER
    reported = task.last_status not in BEFORE_RUNNING
    return {
        "attachments": [attachment(task.interface, task.cluster_arn)] if task.interface else [],
        "attributes": [{"name": CPU_ARCHITECTURE, "value": cpu_architecture(instance)}],
        "clusterArn": task.cluster_arn,
        "containers": [container_wire(task, container, reported) for container in task.containers],
        "cpu": task.cpu,
        "desiredStatus": task.desired_status,
        "enableExecuteCommand": task.enable_execute_command,
        "group": task.group,
        "lastStatus": task.last_status,
        "launchType": task.launch_type,
        "memory": task.memory,
        "overrides": overrides(task),
        "tags": list(task.tags) if "TAGS" in include else [],
        "taskArn": task.task_arn,
        "taskDefinitionArn": task.task_definition_arn,
        "version": task.version,
        **moments(
            createdAt=task.created_at,
            connectivityAt=task.connectivity_at,
            pullStartedAt=task.pull_started_at,
            pullStoppedAt=task.pull_stopped_at,
            startedAt=task.started_at,
            stoppingAt=task.stopping_at,
            executionStoppedAt=task.execution_stopped_at,
            stoppedAt=task.stopped_at,
        ),
        **present(
            availabilityZone=task.availability_zone,
            capacityProviderName=task.capacity_provider_name,
            containerInstanceArn=None if hidden else task.container_instance_arn,
            connectivity=connectivity(task, instance),
            healthStatus=task.health_status if reported else None,
            startedBy=task.started_by,
            stopCode=task.stop_code,
            stoppedReason=task.stopped_reason,
        ),
        **platform_wire(task.launch_type, task.platform_version),
        **(ephemeral_storage(state, task) if task.launch_type == "FARGATE" else {}),
    }


def ephemeral_storage(state: Reads, task: Task) -> Document:
    """As the start or the definition asks for it; a definition that is deleted is not known any more."""
    definition = state.get(TaskDefinition, task.task_definition_arn)
    asked = definition.body.get("ephemeralStorage") if definition is not None else None
    size = task.overrides.get("ephemeralStorage") or asked or FARGATE_STORAGE
    return {"ephemeralStorage": size, "fargateEphemeralStorage": size}


def cpu_architecture(instance: ContainerInstance | None) -> str:
    return (instance.attributes.get(CPU_ARCHITECTURE) if instance else None) or "x86_64"


def connectivity(task: Task, instance: ContainerInstance | None) -> str | None:
    if task.connectivity_at is None:
        return None
    lost = (
        instance is not None
        and not instance.agent_connected
        and instance.disconnected_at
        and not task.stopped
    )
    return "DISCONNECTED" if lost else "CONNECTED"


def overrides(task: Task) -> Document:
    """One entry a container, also for those with nothing overridden."""
    given = {entry["name"]: entry for entry in task.overrides.get("containerOverrides") or []}
    entries = [given.get(container.name, {"name": container.name}) for container in task.containers]
    return {**OVERRIDE_LISTS, **task.overrides, "containerOverrides": entries}


def container_wire(task: Task, container: Container, reported: bool) -> dict[str, Any]:
    return {
        "containerArn": container.container_arn,
        "taskArn": task.task_arn,
        "name": container.name,
        "image": container.image,
        "lastStatus": container.last_status,
        "networkInterfaces": network_interfaces(task.interface),
        "cpu": str(container.cpu),
        **present(
            imageDigest=container.image_digest,
            runtimeId=container.runtime_id,
            exitCode=container.exit_code,
            reason=container.reason,
            memory=None if container.memory is None else str(container.memory),
            memoryReservation=None
            if container.memory_reservation is None
            else str(container.memory_reservation),
            managedAgents=list(container.managed_agents) or None,
            gpuIds=list(container.gpu_ids) or None,
            networkBindings=list(container.network_bindings) if reported else None,
            healthStatus=container.health_status if reported else None,
        ),
    }


def network_interfaces(interface: NetworkInterface | None) -> list[Document]:
    if interface is None or interface.status == "PRECREATED":
        return []
    return [{"attachmentId": interface.attachment_id, "privateIpv4Address": interface.private_ipv4_address}]


def attachment(interface: NetworkInterface, cluster_arn: str) -> Document:
    details = {"subnetId": interface.subnet_id}
    if interface.status != "PRECREATED":
        details |= {
            "networkInterfaceId": interface.eni_id,
            "macAddress": interface.mac_address,
            "privateDnsName": private_dns_name(interface.private_ipv4_address, cluster_arn.split(":")[3]),
            "privateIPv4Address": interface.private_ipv4_address,
        }
    return {
        "id": interface.attachment_id,
        "type": "ElasticNetworkInterface",
        "status": interface.status,
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }


def private_dns_name(address: str, region: str) -> str:
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"
