"""What the agent says of its instance when it registers. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.agent.configuration import Configuration

AGENT_VERSION = "1.105.1"  # the release of Amazon's agent whose protocol this one speaks
AGENT_HASH = "shipway0"

RESERVED_PORTS = ("22", "2375", "2376", "51678", "51679")
PREFIX = "com.amazonaws.ecs.capability."
REPORTED_API_VERSIONS = (17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 29, 30, 32)
LOGGING_DRIVERS = ("json-file", "awslogs", "none", "syslog", "journald", "gelf", "fluentd", "splunk")
# Placement is decided by these names: what this agent does.
APPLIED = (
    f"{PREFIX}privileged-container",
    *(f"{PREFIX}docker-remote-api.1.{minor}" for minor in REPORTED_API_VERSIONS),
    *(f"{PREFIX}logging-driver.{driver}" for driver in LOGGING_DRIVERS),
    f"{PREFIX}ecr-auth",
    f"{PREFIX}task-iam-role",
    f"{PREFIX}task-iam-role-network-host",
    "ecs.capability.ecr-endpoint",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.container-ordering",
    "ecs.capability.container-health-check",
    "ecs.capability.container-restart-policy",
    "ecs.capability.full-sync",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.docker-plugin.local",
    "ecs.capability.pid-ipc-namespace-sharing",  # `host` and `none`; `task` is refused by name
)
# And what it refuses by name. Without these such a task would find no instance that has some attribute, and
# nobody would be told which member of the task definition is to blame.
REFUSED_BY_NAME = (
    *(
        f"ecs.capability.secrets.{store}.{use}"
        for store in ("ssm", "asm")
        for use in ("environment-variables", "bootstrap.log-driver")
    ),
    "ecs.capability.env-files.s3",
    "ecs.capability.private-registry-authentication.secretsmanager",
    f"{PREFIX}logging-driver.awsfirelens",
    "ecs.capability.firelens.fluentd",
    "ecs.capability.firelens.fluentbit",
    "ecs.capability.firelens.options.config.file",
    "ecs.capability.firelens.options.config.s3",
    "ecs.capability.network.container-port-range",
    "ecs.capability.efs",
    "ecs.capability.efsAuth",
    "ecs.capability.storage.ebs-task-volume-attach",
    "ecs.capability.aws-appmesh",
)
CAPABILITIES = (*APPLIED, *REFUSED_BY_NAME)
TASK_NETWORK_CAPABILITIES = ("ecs.capability.task-eni",)


def registration_request(configuration: Configuration, machine: str, known_arn: str) -> dict[str, Any]:
    attributes = [{"name": name} for name in CAPABILITIES]
    if configuration.task_network:
        attributes += [{"name": name} for name in TASK_NETWORK_CAPABILITIES]
    facts = {
        "ecs.availability-zone": configuration.availability_zone,
        "ecs.cpu-architecture": "arm64" if machine in ("arm64", "aarch64") else "x86_64",
        "ecs.instance-type": configuration.instance_type,
        "ecs.os-family": "LINUX",
        "ecs.os-type": "linux",
    }
    custom = {} if known_arn else configuration.attributes  # later ones belong to PutAttributes
    attributes += [{"name": name, "value": value} for name, value in sorted({**custom, **facts}.items())]
    request: dict[str, Any] = {
        "cluster": configuration.cluster,
        "totalResources": _resources(configuration),
        "attributes": attributes,
        "versionInfo": {"agentVersion": AGENT_VERSION, "agentHash": AGENT_HASH},
        "instanceIdentityDocument": msgspec.json.encode(_identity(configuration)).decode(),
        "instanceIdentityDocumentSignature": "",
        "clientToken": configuration.instance_id,
    }
    return {**request, "containerInstanceArn": known_arn} if known_arn else request


def _resources(configuration: Configuration) -> list[dict[str, Any]]:
    figures = (("CPU", configuration.cpu), ("MEMORY", configuration.memory_mib))
    ports: tuple[tuple[str, list[str]], ...] = (("PORTS", list(RESERVED_PORTS)), ("PORTS_UDP", []))
    zeros = {"doubleValue": 0.0, "longValue": 0}
    return [
        *({"name": name, "type": "INTEGER", **zeros, "integerValue": value} for name, value in figures),
        *(
            {"name": name, "type": "STRINGSET", **zeros, "integerValue": 0, "stringSetValue": v}
            for name, v in ports
        ),
    ]


def _identity(configuration: Configuration) -> dict[str, str]:
    return {
        "accountId": configuration.account_id,
        "availabilityZone": configuration.availability_zone,
        "instanceId": configuration.instance_id,
        "instanceType": configuration.instance_type,
        "privateIp": configuration.address,
        "region": configuration.region,
    }
