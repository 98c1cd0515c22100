"""A cluster as the API shows it, with what is counted when it is read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from shipway.api.ecs.moments import present
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.last_status import BEFORE_RUNNING, RUNNING
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.store import Reads

ALWAYS = frozenset({"TAGS", "SETTINGS", "CONFIGURATIONS"})
"""What CreateCluster and the calls that change a cluster show without being asked."""


def cluster_wire(state: Reads, cluster: Cluster, include: frozenset[str] = ALWAYS) -> dict[str, Any]:
    arn = cluster.cluster_arn
    statuses = Counter(task.last_status for task in state.by(Task, "cluster_arn", arn))
    services = state.by(Service, "cluster_arn", arn)
    instances = state.by(ContainerInstance, "cluster_arn", arn)
    return {
        "clusterArn": arn,
        "clusterName": cluster.cluster_name,
        "status": cluster.status,
        "registeredContainerInstancesCount": sum(i.status in ("ACTIVE", "DRAINING") for i in instances),
        "runningTasksCount": statuses[RUNNING],
        "pendingTasksCount": sum(count for status, count in statuses.items() if status in BEFORE_RUNNING),
        "activeServicesCount": sum(service.status == "ACTIVE" for service in services),
        "statistics": statistics(state, arn) if "STATISTICS" in include else [],
        "tags": list(cluster.tags) if "TAGS" in include else [],
        "settings": list(cluster.settings) if "SETTINGS" in include else [],
        "capacityProviders": list(cluster.capacity_providers),
        "defaultCapacityProviderStrategy": list(cluster.default_capacity_provider_strategy),
        **present(
            configuration=cluster.configuration if "CONFIGURATIONS" in include else None,
            serviceConnectDefaults=cluster.service_connect_defaults,
        ),
    }


def statistics(state: Reads, cluster_arn: str) -> list[dict[str, str]]:
    tasks = state.by(Task, "cluster_arn", cluster_arn)
    running = Counter(task.launch_type for task in tasks if task.running)
    pending = Counter(task.launch_type for task in tasks if task.last_status in BEFORE_RUNNING)
    services = Counter(
        (service.status, revision.launch_type)
        for service in state.by(Service, "cluster_arn", cluster_arn)
        if (revision := state.get(ServiceRevision, service.revision_arn)) is not None
    )
    numbers = {
        "runningEC2TasksCount": running["EC2"],
        "runningFargateTasksCount": running["FARGATE"],
        "pendingEC2TasksCount": pending["EC2"],
        "pendingFargateTasksCount": pending["FARGATE"],
        "activeEC2ServiceCount": services["ACTIVE", "EC2"],
        "activeFargateServiceCount": services["ACTIVE", "FARGATE"],
        "drainingEC2ServiceCount": services["DRAINING", "EC2"],
        "drainingFargateServiceCount": services["DRAINING", "FARGATE"],
    }
    return [{"name": name, "value": str(number)} for name, number in numbers.items()]
