"""Every member that a task definition may have is applied or refused by name."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from shipway.agent.registration import CAPABILITIES
from shipway.api.ecs.requires_attributes import requires_attributes
from shipway.instances import support
from shipway.instances.docker_config import CONFIG, HOST_CONFIG
from shipway.instances.support import refusals
from tests.instances.builders import a_container, a_task_definition

TABLES = {
    "ContainerDefinition": support.CONTAINER_DEFINITION,
    "RegisterTaskDefinitionRequest": support.TASK_DEFINITION,
    "Volume": support.VOLUME,
    "DockerVolumeConfiguration": support.DOCKER_VOLUME,
    "EFSVolumeConfiguration": support.EFS_VOLUME,
    "PortMapping": support.PORT_MAPPING,
    "LinuxParameters": support.LINUX_PARAMETERS,
    "LogConfiguration": support.LOG_CONFIGURATION,
    "ContainerOverride": support.CONTAINER_OVERRIDE,
    "TaskOverride": support.TASK_OVERRIDE,
}
APPLIED_WHOLE = {
    "ContainerRestartPolicy": ("enabled", "ignoredExitCodes", "restartAttemptPeriod"),
    "KeyValuePair": ("name", "value"),
    "MountPoint": ("sourceVolume", "containerPath", "readOnly"),
    "VolumeFrom": ("sourceContainer", "readOnly"),
    "KernelCapabilities": ("add", "drop"),
    "Device": ("hostPath", "containerPath", "permissions"),
    "Tmpfs": ("containerPath", "size", "mountOptions"),
    "ContainerDependency": ("containerName", "condition"),
    "HostEntry": ("hostname", "ipAddress"),
    "Ulimit": ("name", "softLimit", "hardLimit"),
    "HealthCheck": ("command", "interval", "timeout", "retries", "startPeriod"),
    "SystemControl": ("namespace", "value"),
    "HostVolumeProperties": ("sourcePath",),
}
FARAWAY = "is not supported by local ECS yet (docs/fidelity.md)"


@pytest.mark.parametrize("shape", TABLES)
def test_every_member_of_the_model_is_decided(shape: str) -> None:
    """A member that botocore adds fails here until somebody decides what becomes of it."""
    model = botocore.session.get_session().get_service_model("ecs")
    structure: Any = model.shape_for(shape)
    assert sorted(TABLES[shape]) == sorted(structure.members)


@pytest.mark.parametrize("shape", APPLIED_WHOLE)
def test_what_is_applied_is_applied_to_its_last_member(shape: str) -> None:
    """The shapes within have no members that nobody looked at."""
    model = botocore.session.get_session().get_service_model("ecs")
    structure: Any = model.shape_for(shape)
    assert sorted(APPLIED_WHOLE[shape]) == sorted(structure.members)


def test_what_the_table_calls_docker_is_in_the_docker_translation() -> None:
    """The table and the translation cannot drift apart."""
    by_own_function = {"linuxParameters", "logConfiguration"}
    named = {
        member for member, decision in support.CONTAINER_DEFINITION.items() if decision == support.DOCKER
    }
    assert named == {*CONFIG, *HOST_CONFIG, *by_own_function}


def test_a_plain_definition_is_not_refused() -> None:
    """Empty lists and members that are off are not asked for."""
    container = a_container(secrets=[], environmentFiles=[], resourceRequirements=[])
    assert (
        refusals(a_task_definition(container, enableFaultInjection=False), {"containerOverrides": []}) == ()
    )


@pytest.mark.parametrize(
    ("container", "body", "text"),
    [
        ({"credentialSpecs": ["credentialspec:a"]}, {}, "Container web: credentialSpecs"),
        ({"firelensConfiguration": {"type": "fluentbit"}}, {}, "Container web: firelensConfiguration"),
        ({"logConfiguration": {"logDriver": "awsfirelens"}}, {}, "Container web: the log driver awsfirelens"),
        (
            {
                "logConfiguration": {
                    "logDriver": "syslog",
                    "secretOptions": [{"name": "a", "valueFrom": "b"}],
                }
            },
            {},
            "Container web: logConfiguration.secretOptions",
        ),
        (
            {
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-endpoint": "http://x"}},
            },
            {},
            "Container web: the log option awslogs-endpoint",
        ),
        (
            {"portMappings": [{"containerPortRange": "80-90"}]},
            {},
            "Container web: portMappings.containerPortRange",
        ),
        (
            {"hostname": "web-1"},
            {"networkMode": "awsvpc"},
            "Container web: hostname with the network mode awsvpc",
        ),
        ({}, {"pidMode": "task"}, "Task definition web: pidMode task"),
        ({}, {"proxyConfiguration": {"type": "APPMESH"}}, "Task definition web: proxyConfiguration"),
        (
            {},
            {"volumes": [{"name": "v", "s3filesVolumeConfiguration": {"fileSystemArn": "f"}}]},
            "Volume v: s3filesVolumeConfiguration",
        ),
        (
            {},
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"driver": "rexray"}}]},
            "Volume v: the volume driver rexray",
        ),
        (
            {},
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "shared"}}]},
            "Volume v: a shared Docker volume without autoprovision",
        ),
    ],
)
def test_what_is_refused_is_named(container: dict[str, Any], body: dict[str, Any], text: str) -> None:
    """The reason of a refused task says which member of what."""
    assert refusals(a_task_definition(a_container(**container), **body)) == (f"{text} {FARAWAY}",)


@pytest.mark.parametrize(
    ("container", "body"),
    [
        ({"environmentFiles": [{"value": "arn:aws:s3:::b/k.env", "type": "s3"}]}, {}),
        ({"repositoryCredentials": {"credentialsParameter": "arn:aws:secretsmanager:r:a:secret:b"}}, {}),
        ({"firelensConfiguration": {"type": "fluentbit", "options": {"config-file-type": "s3"}}}, {}),
        ({"logConfiguration": {"logDriver": "awsfirelens"}}, {}),
        (
            {
                "logConfiguration": {
                    "logDriver": "splunk",
                    "secretOptions": [{"name": "a", "valueFrom": "b"}],
                }
            },
            {},
        ),
        ({"portMappings": [{"containerPortRange": "80-90"}]}, {}),
        ({"credentialSpecs": ["credentialspecdomainless:arn:aws:s3:::b/k"]}, {}),
        ({}, {"pidMode": "task"}),
        ({}, {"ipcMode": "task"}),
        ({}, {"proxyConfiguration": {"type": "APPMESH"}}),
        ({}, {"enableFaultInjection": True}),
        ({}, {"volumes": [{"name": "v", "configuredAtLaunch": True}]}),
    ],
)
def test_what_is_refused_by_name_finds_an_instance(container: dict[str, Any], body: dict[str, Any]) -> None:
    """A task that is not placed for want of an attribute would never say which member is to blame."""
    definition = a_task_definition(a_container(**{"portMappings": [], **container}), **body)
    assert refusals(definition)
    asked = requires_attributes({"volumes": [], **definition.body})
    assert [name for name in asked if name not in CAPABILITIES] == []


def test_overrides_are_refused_by_name_too() -> None:
    """RunTask cannot smuggle in what a definition may not say."""
    overrides = {
        "containerOverrides": [{"name": "web", "environmentFiles": [{"value": "arn", "type": "s3"}]}]
    }
    expected = f"Override of container web: environmentFiles {FARAWAY}"
    assert refusals(a_task_definition(), overrides) == (expected,)
