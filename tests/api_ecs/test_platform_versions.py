"""Fargate's platform versions: asked for, resolved, refused where the older one cannot do what is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_ecs.agents import register
from tests.api_ecs.front import Ecs

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
ON_FARGATE: dict[str, Any] = {
    "taskDefinition": "far",
    "launchType": "FARGATE",
    "networkConfiguration": NETWORK,
}


@pytest.fixture
def far(ecs: Ecs) -> Ecs:
    ecs("CreateCluster")
    define(ecs)
    return ecs


def define(ecs: Ecs, container: dict[str, Any] | None = None, **members: Any) -> None:
    ecs(
        "RegisterTaskDefinition",
        family="far",
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "a", "image": "i", **(container or {})}],
        **members,
    )


def test_a_service_keeps_the_word_its_deployment_the_number(far: Ecs) -> None:
    """LATEST is resolved; an older version is what its service, deployment and tasks say."""
    members = {**ON_FARGATE, "desiredCount": 1}
    latest = far("CreateService", serviceName="new", **members)["service"]
    assert (latest["platformVersion"], latest["deployments"][0]["platformVersion"]) == ("LATEST", "1.4.0")
    older = far("CreateService", serviceName="old", platformVersion="1.3.0", **members)["service"]
    assert (older["platformVersion"], older["deployments"][0]["platformVersion"]) == ("1.3.0", "1.3.0")
    task = far("RunTask", platformVersion="1.3.0", **ON_FARGATE)["tasks"][0]
    assert (task["platformVersion"], task["platformFamily"]) == ("1.3.0", "Linux")


@pytest.mark.parametrize(
    ("container", "members"),
    [
        ({}, {"ephemeralStorage": {"sizeInGiB": 30}}),
        ({}, {"pidMode": "task"}),
        ({"linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"]}}}, {}),
        ({}, {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]}),
    ],
)
def test_what_the_older_version_cannot_do(
    far: Ecs, container: dict[str, Any], members: dict[str, Any]
) -> None:
    """Refused for 1.3.0, and taken for the latest."""
    define(far, container, **members)
    far.refused(
        "RunTask",
        "PlatformTaskDefinitionIncompatibilityException",
        "One or more of the requested capabilities are not supported.",
        platformVersion="1.3.0",
        **ON_FARGATE,
    )
    assert far("RunTask", **ON_FARGATE)["failures"] == []


def test_a_task_tells_the_storage_that_it_asked_for(far: Ecs) -> None:
    """That of its start before that of its definition; 20 GiB when neither says."""
    shown = {"ephemeralStorage", "fargateEphemeralStorage"}
    (plain,) = far("RunTask", **ON_FARGATE)["tasks"]
    assert [plain[member] for member in shown] == [{"sizeInGiB": 20}] * 2
    define(far, {}, ephemeralStorage={"sizeInGiB": 30})
    (defined,) = far("RunTask", **ON_FARGATE)["tasks"]
    assert [defined[member] for member in shown] == [{"sizeInGiB": 30}] * 2
    overrides = {"ephemeralStorage": {"sizeInGiB": 40}}
    (started,) = far("RunTask", overrides=overrides, **ON_FARGATE)["tasks"]
    assert [started[member] for member in shown] == [{"sizeInGiB": 40}] * 2


def test_a_version_that_does_not_exist(far: Ecs) -> None:
    """Unknown ones are refused, and any on EC2."""
    far.refused("RunTask", "PlatformUnknownException", "Known are", platformVersion="9.9", **ON_FARGATE)
    register(far)
    elsewhere = {"taskDefinition": "far", "networkConfiguration": NETWORK, "platformVersion": "1.4.0"}
    far.refused("RunTask", "InvalidParameterException", "must be null", **elsewhere)


def test_a_service_that_leaves_fargate_leaves_its_version_there(far: Ecs) -> None:
    """What was asked of Fargate says nothing about instances of an Auto Scaling group."""
    group = "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/group"
    far("CreateCapacityProvider", name="asg", autoScalingGroupProvider={"autoScalingGroupArn": group})
    far(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["asg", "FARGATE"],
        defaultCapacityProviderStrategy=[],
    )
    spot = [{"capacityProvider": "FARGATE", "weight": 1}]
    members = {**ON_FARGATE, "capacityProviderStrategy": spot, "platformVersion": "1.3.0"}
    del members["launchType"]
    far("CreateService", serviceName="web", desiredCount=1, **members)
    moved = far(
        "UpdateService", service="web", capacityProviderStrategy=[{"capacityProvider": "asg", "weight": 1}]
    )["service"]
    assert moved["capacityProviderStrategy"][0]["capacityProvider"] == "asg"
    assert "platformVersion" not in moved
