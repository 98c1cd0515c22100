"""Stand-ins for AWS: an ECS of a few dictionaries, and the services around it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from botocore.validate import ParamValidator

from shipway.deploy.application.ecs_shape import input_shape
from shipway.deploy.errors import AwsRefusal

Members = dict[str, Any]
Answer = Callable[[Members], Members]

ACCOUNT = "arn:aws:ecs:us-east-1:000000000000"


class ScriptedCalls:
    """One AWS service whose operations are functions of the request; what was asked is kept and valid."""

    service = "ecs"

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[tuple[str, Members]] = []

    def call(self, operation: str, members: Members) -> Members:
        self.asked.append((operation, members))
        complaints = ParamValidator().validate(members, input_shape(operation, self.service))
        assert not complaints.has_errors(), f"{operation}: {complaints.generate_report()}"
        if operation not in self.answers:
            raise AssertionError(f"nobody expected {operation}({members})")
        return self.answers[operation](members)

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def requests(self, operation: str) -> list[Members]:
        return [members for asked, members in self.asked if asked == operation]


def refuse(code: str, message: str = "no") -> Answer:
    def answer(members: Members) -> Members:
        raise AwsRefusal(f"{code}: {message}", operation="?", code=code)

    return answer


class FakeEcs(ScriptedCalls):
    """Task definitions, one cluster, services whose deployments go through the statuses they are given."""

    def __init__(self, *, cluster: bool = True) -> None:
        super().__init__()
        self.cluster = cluster
        self.cluster_tags: dict[str, Members] = {}
        self.revisions: dict[str, Members] = {}
        self.services: dict[str, Members] = {}
        self.service_deployments: list[Members] = []
        self.tasks: list[Members] = []
        self.instances: list[Members] = []
        # The statuses that the next deployments go through, a step at each look.
        self.courses: list[list[str]] = []
        self.events_on_status: dict[str, str] = {}
        self.on_look: Callable[[Members], None] = lambda deployment: None
        self._numbers = itertools.count(1)
        names = [name for name in dir(self) if name[:1].isupper()]
        self.answers = {name: getattr(self, name) for name in names}

    def DescribeClusters(self, members: Members) -> Members:
        name = members["clusters"][0]
        found = {"clusterName": name, "clusterArn": f"{ACCOUNT}:cluster/{name}", "status": "ACTIVE"}
        if "TAGS" in members.get("include", ()):
            found["tags"] = list(self.cluster_tags.values())
        return {"clusters": [found] if self.cluster else [], "failures": []}

    def ListClusters(self, members: Members) -> Members:
        return {"clusterArns": [f"{ACCOUNT}:cluster/hello"] if self.cluster else []}

    def ListTaskDefinitions(self, members: Members) -> Members:
        found = [arn for arn, known in self.revisions.items() if known["status"] == members["status"]]
        return {"taskDefinitionArns": [arn for arn in found if f"/{members['familyPrefix']}" in arn]}

    def DeregisterTaskDefinition(self, members: Members) -> Members:
        definition = self.revisions[members["taskDefinition"]]
        definition["status"] = "INACTIVE"
        return {"taskDefinition": definition}

    def CreateCluster(self, members: Members) -> Members:
        self.cluster = True
        return {"cluster": {"clusterName": members["clusterName"]}}

    def DescribeServices(self, members: Members) -> Members:
        if not self.cluster:
            refuse("ClusterNotFoundException")(members)
        found = [self.services[name] for name in members["services"] if name in self.services]
        return {"services": [dict(service) for service in found]}

    def TagResource(self, members: Members) -> Members:
        if ":cluster/" in members["resourceArn"]:
            self.cluster_tags |= {tag["key"]: tag for tag in members["tags"]}
        for service in self.services.values():
            if service["serviceArn"] == members["resourceArn"]:
                new = {tag["key"]: tag for tag in (*service.get("tags", ()), *members["tags"])}
                service["tags"] = list(new.values())
        return {}

    def UntagResource(self, members: Members) -> Members:
        for key in members["tagKeys"]:
            del self.cluster_tags[key]
        return {}

    def ListServices(self, members: Members) -> Members:
        return {"serviceArns": [service["serviceArn"] for service in self.services.values()]}

    def RegisterTaskDefinition(self, members: Members) -> Members:
        family = members["family"]
        number = 1 + sum(1 for known in self.revisions.values() if known["family"] == family)
        arn = f"{ACCOUNT}:task-definition/{family}:{number}"
        self.revisions[arn] = {**members, "taskDefinitionArn": arn, "revision": number, "status": "ACTIVE"}
        return {"taskDefinition": self.revisions[arn]}

    def DescribeTaskDefinition(self, members: Members) -> Members:
        asked = members["taskDefinition"]
        found = [
            known
            for arn, known in self.revisions.items()
            if asked in (arn, arn.rsplit("/", 1)[-1], known["family"])
        ]
        if not found:
            refuse("ClientException", "Unable to describe task definition.")(members)
        return {"taskDefinition": found[-1]}

    def CreateService(self, members: Members) -> Members:
        name = members["serviceName"]
        self.services[name] = {
            **members,
            "serviceArn": f"{ACCOUNT}:service/{members['cluster']}/{name}",
            "clusterArn": f"{ACCOUNT}:cluster/{members['cluster']}",
            "status": "ACTIVE",
            "events": [],
            "deployments": [],
        }
        self._deploy(name)
        return {"service": self.services[name]}

    def UpdateService(self, members: Members) -> Members:
        service = self.services[members["service"]]
        service |= {key: value for key, value in members.items() if key not in ("service", "cluster")}
        if "taskDefinition" in members or members.get("forceNewDeployment"):
            self._deploy(members["service"])
        return {"service": service}

    def _deploy(self, name: str) -> None:
        service = self.services[name]
        number = next(self._numbers)
        arn = f"{ACCOUNT}:service-deployment/{service['cluster']}/{name}/deployment{number}"
        revision = f"{ACCOUNT}:service-revision/{service['cluster']}/{name}/{number}"
        self.service_deployments.append(
            {
                "serviceDeploymentArn": arn,
                "createdAt": float(number),
                "status": "PENDING",
                "course": self.courses.pop(0) if self.courses else ["IN_PROGRESS", "SUCCESSFUL"],
                "targetServiceRevisionArn": revision,
                "targetServiceRevision": {
                    "arn": revision,
                    "requestedTaskCount": service.get("desiredCount", 1),
                    "runningTaskCount": 0,
                    "pendingTaskCount": 0,
                },
                "taskDefinition": service["taskDefinition"],
                "previous": self.service_deployments[-1]["taskDefinition"]
                if self.service_deployments
                else None,
                "service": name,
            }
        )
        service["currentServiceDeployment"] = arn

    def ListServiceDeployments(self, members: Members) -> Members:
        wanted = members.get("status")
        found = [known for known in self.service_deployments if not wanted or known["status"] in wanted]
        return {"serviceDeployments": found}

    def DescribeServiceDeployments(self, members: Members) -> Members:
        arns = members["serviceDeploymentArns"]
        found = [known for known in self.service_deployments if known["serviceDeploymentArn"] in arns]
        for deployment in found:
            if deployment["course"]:
                self._move(deployment, deployment["course"].pop(0))
            self.on_look(deployment)
        return {"serviceDeployments": found}

    def _move(self, deployment: Members, status: str) -> None:
        service = self.services[deployment["service"]]
        deployment["status"] = status
        revision = deployment["targetServiceRevision"]
        if status in self.events_on_status:
            event = {"id": f"event{len(service['events'])}", "message": self.events_on_status[status]}
            service["events"] = [event, *service["events"]]
        if status == "SUCCESSFUL":
            revision["runningTaskCount"] = revision["requestedTaskCount"]
        if status == "ROLLBACK_SUCCESSFUL":
            service["taskDefinition"] = deployment["previous"]
            deployment["rollback"] = {
                "reason": "Service deployment rolled back because the circuit breaker tripped."
            }
        if status in ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL"):
            service.pop("currentServiceDeployment", None)

    def StopServiceDeployment(self, members: Members) -> Members:
        for deployment in self.service_deployments:
            if deployment["serviceDeploymentArn"] == members["serviceDeploymentArn"]:
                ends = ["ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
                deployment["course"] = ends if members["stopType"] == "ROLLBACK" else ["STOPPED"]
        return {}

    def ContinueServiceDeployment(self, members: Members) -> Members:
        for deployment in self.service_deployments:
            for hook in deployment.get("lifecycleHookDetails", ()):
                if hook["hookId"] == members["hookId"]:
                    goes_on = members["action"] == "CONTINUE"
                    hook["status"] = "SUCCEEDED" if goes_on else "FAILED"
                    deployment["course"] = (
                        ["SUCCESSFUL"] if goes_on else ["ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
                    )
        return {}

    def DescribeServiceRevisions(self, members: Members) -> Members:
        return {
            "serviceRevisions": [
                {
                    "serviceRevisionArn": known["targetServiceRevisionArn"],
                    "taskDefinition": known["taskDefinition"],
                }
                for known in self.service_deployments
                if known["targetServiceRevisionArn"] in members["serviceRevisionArns"]
            ]
        }

    def ListTasks(self, members: Members) -> Members:
        found = [task for task in self.tasks if task["desiredStatus"] == members["desiredStatus"]]
        return {"taskArns": [task["taskArn"] for task in found]}

    def DescribeTasks(self, members: Members) -> Members:
        return {"tasks": [task for task in self.tasks if task["taskArn"] in members["tasks"]]}

    def ListContainerInstances(self, members: Members) -> Members:
        return {"containerInstanceArns": [found["containerInstanceArn"] for found in self.instances]}

    def DescribeContainerInstances(self, members: Members) -> Members:
        return {"containerInstances": self.instances}


class FakeEcr(ScriptedCalls):
    """Repositories by name; any login is good."""

    service = "ecr"

    def __init__(self) -> None:
        super().__init__()
        self.repositories: list[str] = []
        self.answers = {
            "DescribeRepositories": self._describe,
            "CreateRepository": self._create,
            "GetAuthorizationToken": lambda members: {
                "authorizationData": [
                    {"authorizationToken": "QVdTOnNlY3JldA==", "proxyEndpoint": "http://127.0.0.1:4701"}
                ]
            },
            "DescribeImages": lambda members: {"imageDetails": []},
        }

    def _describe(self, members: Members) -> Members:
        name = members["repositoryNames"][0]
        if name not in self.repositories:
            refuse("RepositoryNotFoundException")(members)
        return {"repositories": [{"repositoryUri": f"127.0.0.1:4701/{name}"}]}

    def _create(self, members: Members) -> Members:
        self.repositories.append(members["repositoryName"])
        return {"repository": {"repositoryUri": f"127.0.0.1:4701/{members['repositoryName']}"}}


class FakeElbv2(ScriptedCalls):
    """One load balancer, target group and listener, once they are made."""

    service = "elbv2"

    def __init__(self) -> None:
        super().__init__()
        self.load_balancers: list[Members] = []
        self.target_groups: list[Members] = []
        self.listeners: list[Members] = []
        self.attributes: dict[str, str] = {"deregistration_delay.timeout_seconds": "300"}
        names = [name for name in dir(self) if name[:1].isupper()]
        self.answers = {name: getattr(self, name) for name in names}

    def DescribeLoadBalancers(self, members: Members) -> Members:
        if "Names" in members and not self.load_balancers:
            refuse("LoadBalancerNotFound")(members)
        return {"LoadBalancers": self.load_balancers}

    def DescribeTargetGroups(self, members: Members) -> Members:
        if "Names" in members and not self.target_groups:
            refuse("TargetGroupNotFound")(members)
        return {"TargetGroups": self.target_groups}

    def DescribeListeners(self, members: Members) -> Members:
        return {"Listeners": self.listeners}

    def DescribeListenerAttributes(self, members: Members) -> Members:
        return {"Attributes": [{"Key": "shipway.bound_port", "Value": "8081"}]}

    def DescribeTargetGroupAttributes(self, members: Members) -> Members:
        return {"Attributes": [{"Key": key, "Value": value} for key, value in self.attributes.items()]}

    def DescribeTargetHealth(self, members: Members) -> Members:
        return {"TargetHealthDescriptions": []}

    def CreateLoadBalancer(self, members: Members) -> Members:
        name = members["Name"]
        made = {
            "LoadBalancerArn": f"arn:lb/{name}",
            "DNSName": f"{name}.elb.localhost",
            "VpcId": "vpc-1",
            **members,
        }
        self.load_balancers.append(made)
        return {"LoadBalancers": [made]}

    def CreateTargetGroup(self, members: Members) -> Members:
        made = {
            "TargetGroupArn": f"arn:targetgroup/{members['Name']}",
            "LoadBalancerArns": ["arn:lb/x"],
            **members,
        }
        self.target_groups.append(made)
        return {"TargetGroups": [made]}

    def ModifyTargetGroupAttributes(self, members: Members) -> Members:
        self.attributes |= {pair["Key"]: pair["Value"] for pair in members["Attributes"]}
        return {}

    def CreateListener(self, members: Members) -> Members:
        made = {"ListenerArn": "arn:listener/1", **members}
        self.listeners.append(made)
        return {"Listeners": [made]}


class FakeLogs(ScriptedCalls):
    """Log streams that say what they are told."""

    service = "logs"


class FakeAutoScaling(ScriptedCalls):
    """Application Auto Scaling that keeps the counts which it is told to keep."""

    service = "application-autoscaling"

    def __init__(self) -> None:
        super().__init__({"DescribeScalableTargets": lambda members: {"ScalableTargets": self.targets}})
        self.targets: list[Members] = []
