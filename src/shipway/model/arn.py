"""ARNs: made in one place, taken apart in one place."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True):
    """The account and region in which everything of one installation lives."""

    account_id: str
    region: str

    def arn(self, resource: str, service: str = "ecs") -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def cluster(self, name: str) -> str:
        return self.arn(f"cluster/{name}")

    def capacity_provider(self, name: str) -> str:
        return self.arn(f"capacity-provider/{name}")

    def container_instance(self, cluster_name: str, instance_id: str) -> str:
        return self.arn(f"container-instance/{cluster_name}/{instance_id}")

    def task_definition(self, family: str, revision: int) -> str:
        return self.arn(f"task-definition/{family}:{revision}")

    def task(self, cluster_name: str, task_id: str) -> str:
        return self.arn(f"task/{cluster_name}/{task_id}")

    def container(self, cluster_name: str, task_id: str, container_id: str) -> str:
        return self.arn(f"container/{cluster_name}/{task_id}/{container_id}")

    def service(self, cluster_name: str, service_name: str) -> str:
        return self.arn(f"service/{cluster_name}/{service_name}")

    def service_deployment(self, cluster_name: str, service_name: str, deployment_id: str) -> str:
        return self.arn(f"service-deployment/{cluster_name}/{service_name}/{deployment_id}")

    def service_revision(self, cluster_name: str, service_name: str, number: str) -> str:
        return self.arn(f"service-revision/{cluster_name}/{service_name}/{number}")

    def task_set(self, cluster_name: str, service_name: str, number: str) -> str:
        return self.arn(f"task-set/{cluster_name}/{service_name}/ecs-svc/{number}")

    def daemon_task_definition(self, family: str, revision: int) -> str:
        return self.arn(f"daemon-task-definition/{family}:{revision}")

    def daemon(self, cluster_name: str, daemon_name: str) -> str:
        return self.arn(f"daemon/{cluster_name}/{daemon_name}")

    def daemon_revision(self, cluster_name: str, daemon_name: str, number: str) -> str:
        return self.arn(f"daemon-revision/{cluster_name}/{daemon_name}/{number}")

    def daemon_deployment(self, cluster_name: str, deployment_id: str) -> str:
        return self.arn(f"daemon-deployment/{cluster_name}/{deployment_id}")

    def attachment(self, attachment_id: str) -> str:
        return self.arn(f"attachment/{attachment_id}")


def short_name(arn: str) -> str:
    """The last path segment: a cluster's name, a task's id, a service's name, `family:revision`."""
    return arn.rsplit("/", 1)[-1]


def resource_path(arn: str) -> list[str]:
    """The segments after the account: `["task", "CLUSTER", "ID"]`. Empty for what is not an ARN."""
    parts = arn.split(":", 5)
    return parts[5].split("/") if len(parts) == 6 and parts[0] == "arn" else []


def cluster_name_of(arn: str) -> str:
    """The cluster's name inside a long-form ARN of a task, service, container instance, ..."""
    path = resource_path(arn)
    return path[1] if len(path) > 1 else ""
