"""Every call to Amazon ECS that the deploy half makes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from shipway.deploy.edge.calls import Calls
from shipway.deploy.edge.moments import moment_s
from shipway.deploy.errors import AwsRefusal

Members = dict[str, Any]


class Ecs:
    """ECS for one cluster; plain answers, absent things as None."""

    def __init__(self, calls: Calls, cluster: str) -> None:
        self._calls = calls
        self.cluster = cluster

    def of_cluster(self, cluster: str) -> Ecs:
        return Ecs(self._calls, cluster)

    def cluster_described(self, *, tags: bool = False) -> Members | None:
        include = {"include": ["TAGS"]} if tags else {}
        answer = self._calls.call("DescribeClusters", {"clusters": [self.cluster], **include})
        return next(
            (found for found in answer.get("clusters", ()) if found.get("status") != "INACTIVE"), None
        )

    def create_cluster(self) -> Members:
        return _member(self._calls.call("CreateCluster", {"clusterName": self.cluster}), "cluster")

    def delete_cluster(self) -> None:
        self._calls.call("DeleteCluster", {"cluster": self.cluster})

    def clusters(self) -> list[Members]:
        arns = list(self._pages("ListClusters", "clusterArns", {}))
        found: list[Members] = []
        for start in range(0, len(arns), 100):
            request = {"clusters": arns[start : start + 100]}
            found += self._calls.call("DescribeClusters", request).get("clusters", [])
        return [cluster for cluster in found if cluster.get("status") != "INACTIVE"]

    def put_capacity_providers(self, providers: list[str], strategy: list[Members]) -> None:
        request = {
            "cluster": self.cluster,
            "capacityProviders": providers,
            "defaultCapacityProviderStrategy": strategy,
        }
        self._calls.call("PutClusterCapacityProviders", request)

    def capacity_provider(self, name: str) -> Members | None:
        request = {"capacityProviders": [name], "include": ["TAGS"]}
        found = self._calls.call("DescribeCapacityProviders", request).get("capacityProviders", ())
        return next((provider for provider in found if provider.get("status") != "INACTIVE"), None)

    def create_capacity_provider(self, members: Members) -> None:
        self._calls.call("CreateCapacityProvider", members)

    def delete_capacity_provider(self, name: str) -> None:
        self._calls.call("DeleteCapacityProvider", {"capacityProvider": name})

    def tag(self, arn: str, tags: list[Members]) -> None:
        self._calls.call("TagResource", {"resourceArn": arn, "tags": tags})

    def untag(self, arn: str, keys: list[str]) -> None:
        self._calls.call("UntagResource", {"resourceArn": arn, "tagKeys": keys})

    def update_instances_state(self, references: list[str], status: str) -> Members:
        request = {"cluster": self.cluster, "containerInstances": references, "status": status}
        return self._calls.call("UpdateContainerInstancesState", request)

    def service(self, name: str) -> Members | None:
        try:
            request = {"cluster": self.cluster, "services": [name], "include": ["TAGS"]}
            answer = self._calls.call("DescribeServices", request)
        except AwsRefusal as refusal:
            if refusal.code == "ClusterNotFoundException":
                return None
            raise
        return next(
            (found for found in answer.get("services", ()) if found.get("status") != "INACTIVE"), None
        )

    def service_names(self) -> list[str]:
        arns = self._pages("ListServices", "serviceArns", {"cluster": self.cluster, "maxResults": 100})
        return sorted(arn.rsplit("/", 1)[-1] for arn in arns)

    def services(self) -> list[Members]:
        names, found = self.service_names(), []
        for start in range(0, len(names), 10):
            request = {"cluster": self.cluster, "services": names[start : start + 10]}
            found += self._calls.call("DescribeServices", request).get("services", [])
        return [service for service in found if service.get("status") != "INACTIVE"]

    def first_services(self, most: int) -> tuple[list[Members], bool]:
        """So many services, and whether there are more."""
        arns = self._pages("ListServices", "serviceArns", {"cluster": self.cluster, "maxResults": 100})
        known = list(islice(arns, most + 1))
        found: list[Members] = []
        for start in range(0, len(known[:most]), 10):
            request = {"cluster": self.cluster, "services": known[:most][start : start + 10]}
            found += self._calls.call("DescribeServices", request).get("services", [])
        return found, len(known) > most

    def create_service(self, members: Members) -> Members:
        """By the token ECS knows the same call again, should its answer be lost and the SDK send it anew."""
        request = {"cluster": self.cluster, "clientToken": os.urandom(16).hex(), **members}
        return _member(self._calls.call("CreateService", request), "service")

    def update_service(self, members: Members) -> Members:
        return _member(self._calls.call("UpdateService", {"cluster": self.cluster, **members}), "service")

    def execute_command(self, task: str, container: str, command: str) -> Members:
        request = {"task": task, "container": container, "command": command, "interactive": True}
        return self._calls.call("ExecuteCommand", {"cluster": self.cluster, **request})

    def delete_service(self, name: str) -> Members:
        request = {"cluster": self.cluster, "service": name, "force": True}
        return _member(self._calls.call("DeleteService", request), "service")

    def task_definition(self, reference: str) -> Members | None:
        """With members that the SDK does not know, when the endpoint gives them."""
        try:
            answer = self._calls.call("DescribeTaskDefinition", {"taskDefinition": reference})
        except AwsRefusal as refusal:
            if refusal.code in ("ClientException", "InvalidParameterException"):
                return None
            raise
        raw = getattr(self._calls, "raw_answer", lambda: None)() or answer
        return _member(raw, "taskDefinition")

    def task_definition_tags(self, reference: str) -> list[Members]:
        request = {"taskDefinition": reference, "include": ["TAGS"]}
        return list(self._calls.call("DescribeTaskDefinition", request).get("tags", ()))

    def register_task_definition(self, members: Members) -> Members:
        return _member(self._calls.call("RegisterTaskDefinition", members), "taskDefinition")

    def task_definition_arns(self, family: str) -> list[str]:
        """Those that are active; their families begin with this one."""
        request = {"familyPrefix": family, "status": "ACTIVE"}
        return list(self._pages("ListTaskDefinitions", "taskDefinitionArns", request))

    def deregister_task_definition(self, arn: str) -> None:
        self._calls.call("DeregisterTaskDefinition", {"taskDefinition": arn})

    def service_deployments(self, service: str, statuses: Iterable[str] = ()) -> list[Members]:
        """Newest first."""
        request: Members = {"cluster": self.cluster, "service": service, "maxResults": 100}
        if statuses:
            request["status"] = sorted(statuses)
        found = self._pages("ListServiceDeployments", "serviceDeployments", request)
        return sorted(found, key=lambda brief: moment_s(brief.get("createdAt")) or 0.0, reverse=True)

    def service_deployment(self, arn: str) -> Members | None:
        answer = self._calls.call("DescribeServiceDeployments", {"serviceDeploymentArns": [arn]})
        return next(iter(answer.get("serviceDeployments", ())), None)

    def service_deployments_described(self, arns: list[str]) -> list[Members]:
        found: list[Members] = []
        for start in range(0, len(arns), 20):
            request = {"serviceDeploymentArns": arns[start : start + 20]}
            found += self._calls.call("DescribeServiceDeployments", request).get("serviceDeployments", ())
        return found

    def stop_service_deployment(self, arn: str, stop_type: str = "ROLLBACK") -> None:
        self._calls.call("StopServiceDeployment", {"serviceDeploymentArn": arn, "stopType": stop_type})

    def continue_service_deployment(self, arn: str, hook_id: str, action: str) -> None:
        request = {"serviceDeploymentArn": arn, "hookId": hook_id, "action": action}
        self._calls.call("ContinueServiceDeployment", request)

    def service_revision(self, arn: str) -> Members | None:
        return next(iter(self.service_revisions([arn])), None)

    def service_revisions(self, arns: list[str]) -> list[Members]:
        found: list[Members] = []
        for start in range(0, len(arns), 20):
            request = {"serviceRevisionArns": arns[start : start + 20]}
            found += self._calls.call("DescribeServiceRevisions", request).get("serviceRevisions", ())
        return found

    def run_task(self, members: Members) -> Members:
        return self._calls.call("RunTask", {"cluster": self.cluster, **members})

    def start_task(self, members: Members) -> Members:
        return self._calls.call("StartTask", {"cluster": self.cluster, **members})

    def stop_task(self, task: str, reason: str) -> Members:
        request = {"cluster": self.cluster, "task": task, "reason": reason}
        return _member(self._calls.call("StopTask", request), "task")

    def tasks(self, references: Iterable[str]) -> list[Members]:
        wanted, found = list(references), []
        for start in range(0, len(wanted), 100):
            request = {"cluster": self.cluster, "tasks": wanted[start : start + 100]}
            found += self._calls.call("DescribeTasks", request).get("tasks", [])
        return found

    def service_tasks(self, service: str) -> list[Members]:
        """Running, starting and lately stopped tasks of a service."""
        return self.tasks(self.task_arns(serviceName=service))

    def stopped_tasks(self, service: str) -> list[Members]:
        """Those that stopped lately, a page of them."""
        request = {"cluster": self.cluster, "serviceName": service, "desiredStatus": "STOPPED"}
        arns = self._calls.call("ListTasks", request).get("taskArns", [])
        return self.tasks(arns) if arns else []

    def first_stopped_tasks(self, most: int) -> tuple[list[Members], bool]:
        """Of the whole cluster: so many tasks that stopped lately, and whether there are more."""
        request = {"cluster": self.cluster, "desiredStatus": "STOPPED"}
        known = list(islice(self._pages("ListTasks", "taskArns", request), most + 1))
        return self.tasks(known[:most]), len(known) > most

    def running_task_arns(self, service: str) -> list[str]:
        """Of the tasks that are meant to run."""
        request = {"cluster": self.cluster, "serviceName": service, "desiredStatus": "RUNNING"}
        return list(self._pages("ListTasks", "taskArns", request))

    def task_arns(self, **members: str) -> list[str]:
        """Running, starting and lately stopped tasks."""
        arns: list[str] = []
        for status in ("RUNNING", "STOPPED"):
            request = {"cluster": self.cluster, "desiredStatus": status, **members}
            arns += [arn for arn in self._pages("ListTasks", "taskArns", request) if arn not in arns]
        return arns

    def container_instances(self) -> list[Members]:
        arns = list(self._pages("ListContainerInstances", "containerInstanceArns", {"cluster": self.cluster}))
        found: list[Members] = []
        for start in range(0, len(arns), 100):
            request = {"cluster": self.cluster, "containerInstances": arns[start : start + 100]}
            found += self._calls.call("DescribeContainerInstances", request).get("containerInstances", [])
        return found

    def _pages(self, operation: str, member: str, request: Members) -> Iterator[Any]:
        token: str | None = None
        while True:
            answer = self._calls.call(operation, request | ({"nextToken": token} if token else {}))
            yield from answer.get(member, ())
            token = answer.get("nextToken")
            if not token:
                return


def _member(answer: Members, name: str) -> Members:
    found: Members = answer.get(name) or {}
    return found
