"""`shipway cluster`: created, listed, described, deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.planning.counting import several

Members = dict[str, Any]


class ClusterReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One cluster as people ask for it; counts are ECS's own."""

    name: str
    status: str
    services: int
    running_tasks: int
    pending_tasks: int
    container_instances: int
    capacity_providers: tuple[str, ...] = ()

    def text(self) -> str:
        names = ", ".join(self.capacity_providers)
        providers = f", capacity providers {names}" if names else ""
        return (
            f"{self.name}: {self.status}, {several(self.services, 'service')}, "
            f"{several(self.running_tasks, 'task')} running, "
            f"{self.pending_tasks} pending, "
            f"{several(self.container_instances, 'container instance')}{providers}"
        )


def report_of(cluster: Members) -> ClusterReport:
    return ClusterReport(
        name=str(cluster["clusterName"]),
        status=str(cluster["status"]),
        services=int(cluster.get("activeServicesCount", 0)),
        running_tasks=int(cluster.get("runningTasksCount", 0)),
        pending_tasks=int(cluster.get("pendingTasksCount", 0)),
        container_instances=int(cluster.get("registeredContainerInstancesCount", 0)),
        capacity_providers=tuple(cluster.get("capacityProviders") or ()),
    )


def create_cluster(aws: Aws) -> tuple[ClusterReport, bool]:
    """The cluster, and whether it had to be made."""
    found = aws.ecs.cluster_described()
    return report_of(found or aws.ecs.create_cluster()), found is None


def clusters(aws: Aws) -> tuple[ClusterReport, ...]:
    return tuple(sorted((report_of(found) for found in aws.ecs.clusters()), key=lambda report: report.name))


def described(aws: Aws) -> ClusterReport:
    found = aws.ecs.cluster_described()
    if found is None:
        names = ", ".join(report.name for report in clusters(aws)) or "none"
        raise DeployError(f"The cluster {aws.ecs.cluster!r} does not exist here. The clusters: {names}.")
    return report_of(found)


def delete_cluster(aws: Aws) -> ClusterReport:
    """Deleted when nothing is left on it; what is in the way is named, with the verb that takes it away."""
    report = described(aws)
    if report.services:
        names = ", ".join(aws.ecs.service_names())
        raise DeployError(
            f"The cluster {report.name} still has services: {names}. "
            f"Delete them first, for example with `shipway delete -s {report.name}/{names.split(', ')[0]}`."
        )
    try:
        aws.ecs.delete_cluster()
    except AwsRefusal as refusal:
        if refusal.code == "ClusterContainsTasksException":
            raise DeployError(
                f"Tasks still run in the cluster {report.name}. End them with `shipway stop TASK`."
            ) from None
        if refusal.code == "ClusterContainsContainerInstancesException":
            raise DeployError(
                f"The cluster {report.name} still has {report.container_instances} container instances. "
                "Delete them with `shipway instances delete`."
            ) from None
        raise
    return report
