"""A container instance as the API shows it, with what its tasks have left of it."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.moments import moments, present
from shipway.model.container_instance import ContainerInstance
from shipway.model.last_status import BEFORE_RUNNING
from shipway.model.record import Document
from shipway.model.resources import Reservation
from shipway.model.task import Task
from shipway.store import Reads


def container_instance_wire(
    state: Reads, instance: ContainerInstance, include: frozenset[str] = frozenset()
) -> dict[str, Any]:
    tasks = [
        task
        for task in state.by(Task, "container_instance_arn", instance.container_instance_arn)
        if not task.stopped
    ]
    wire: dict[str, Any] = {
        "containerInstanceArn": instance.container_instance_arn,
        "ec2InstanceId": instance.ec2_instance_id,
        "version": instance.version,
        "versionInfo": instance.version_info,
        "remainingResources": remaining_resources(instance, tasks),
        "registeredResources": list(instance.total_resources),
        "status": instance.status,
        "agentConnected": instance.agent_connected,
        "runningTasksCount": sum(task.running for task in tasks),
        "pendingTasksCount": sum(task.last_status in BEFORE_RUNNING for task in tasks),
        "attributes": [attribute(name, value) for name, value in instance.all_attributes.items()],
        "attachments": [],
        "tags": list(instance.tags) if "TAGS" in include else [],
        **moments(registeredAt=instance.registered_at),
        **present(
            capacityProviderName=instance.capacity_provider_name,
            statusReason=instance.status_reason or None,
            healthStatus=health_status(instance) if "CONTAINER_INSTANCE_HEALTH" in include else None,
        ),
    }
    return wire


def attribute(name: str, value: str | None) -> dict[str, str]:
    return {"name": name} if value is None else {"name": name, "value": value}


def remaining_resources(instance: ContainerInstance, tasks: list[Task]) -> list[Document]:
    """CPU, MEMORY and GPU less what tasks reserve; of ports, on the contrary, the ones that are taken."""
    reservations = [task.reservation for task in tasks]
    gpu_ids = {gpu_id for task in tasks for gpu_id in task.gpu_ids}
    return [remaining(resource, reservations, gpu_ids) for resource in instance.total_resources]


def remaining(resource: Document, reservations: list[Reservation], gpu_ids: set[str]) -> Document:
    name = resource["name"]
    if name == "GPU":
        known = resource.get("stringSetValue") or []
        return {**resource, "stringSetValue": [gpu_id for gpu_id in known if gpu_id not in gpu_ids]}
    if name in ("CPU", "MEMORY"):
        taken = sum(r.cpu if name == "CPU" else r.memory for r in reservations)
        return {**resource, "integerValue": resource.get("integerValue", 0) - taken}
    if name in ("PORTS", "PORTS_UDP"):
        ports = [port for r in reservations for port in (r.ports_tcp if name == "PORTS" else r.ports_udp)]
        known = list(resource.get("stringSetValue") or [])
        return {**resource, "stringSetValue": known + [str(port) for port in sorted(ports)]}
    return resource


def health_status(instance: ContainerInstance) -> Document:
    """OK when every check is; the agent's telemetry brings them."""
    statuses = [detail.get("status") for detail in instance.health_statuses]
    if not statuses:
        return {"overallStatus": "INSUFFICIENT_DATA", "details": []}
    overall = "OK" if all(status == "OK" for status in statuses) else "IMPAIRED"
    return {"overallStatus": overall, "details": list(instance.health_statuses)}
