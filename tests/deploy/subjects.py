"""What the checks of a verification look at: a good configuration, and what AWS says of it."""

from __future__ import annotations

from typing import Any

from shipway.deploy.verification.observed import Observed, Subject
from shipway.deploy.verification.verification import findings_of

GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/hello/0123456789abcdef"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/hello:1"
LOGS = {"awslogs-group": "hello", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "hello"}


def a_container(**members: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "image": IMAGE,
        "memory": 64,
        "portMappings": [{"containerPort": 80}],
        "logConfiguration": {"logDriver": "awslogs", "options": LOGS},
        **members,
    }


def a_subject(container: dict[str, Any] | None = None, **members: Any) -> Subject:
    """A good configuration: an awsvpc service on EC2 behind a load balancer."""
    definition = {
        "family": "hello",
        "networkMode": "awsvpc",
        "containerDefinitions": [container or a_container()],
    }
    definition |= members.pop("definition", {})
    service = {
        "serviceName": "hello",
        "desiredCount": 3,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
        },
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 80}],
        **members,
    }
    return Subject(definition, service, service)


def an_instance(memory: int = 1024) -> dict[str, Any]:
    have = [{"name": "CPU", "integerValue": 1024}, {"name": "MEMORY", "integerValue": memory}]
    return {
        "containerInstanceArn": "arn:aws:ecs:x:container-instance/hello/0123456789",
        "registeredResources": have,
    }


def observed(**members: Any) -> Observed:
    good: dict[str, Any] = {
        "cluster": {"clusterName": "hello"},
        "log_groups": {"hello": True},
        "target_groups": {GROUP: {"TargetType": "ip", "LoadBalancerArns": ["arn:lb/x"], "VpcId": "vpc-1"}},
        "subnets": {"subnet-1": "vpc-1"},
        "security_groups": {"sg-1": "vpc-1"},
        "instances": (an_instance(),),
    }
    return Observed(**{**good, **members})


def with_group(**members: Any) -> Observed:
    group = {"TargetType": "ip", "LoadBalancerArns": ["arn:lb/x"], "VpcId": "vpc-1", **members}
    return observed(target_groups={GROUP: group})


def strategy(provider: str) -> dict[str, Any]:
    return {"capacityProviderStrategy": [{"capacityProvider": provider}]}


FARGATE: dict[str, Any] = {"launchType": "FARGATE"}
ROLE = "arn:aws:iam::000000000000:role/hello-execution"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf"
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["ecs-tasks.amazonaws.com"]},
        }
    ]
}
ARM = {"runtimePlatform": {"cpuArchitecture": "ARM64"}}
SIZED = {"cpu": "1024", "memory": "2048", "executionRoleArn": ROLE}


def with_role(**members: Any) -> Subject:
    return a_subject(definition={"executionRoleArn": ROLE}, **members)


def with_secret(role: str | None = ROLE) -> Subject:
    container = a_container(secrets=[{"name": "DB", "valueFrom": f"{SECRET}:password::"}])
    return a_subject(container, definition={"executionRoleArn": role})


def codes(subject: Subject, seen: Observed | None = None) -> list[str]:
    return [found.code for found in findings_of(subject, seen or observed())]
