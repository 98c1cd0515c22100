"""The compiled payload, compared with golden text. `SHIPWAY_REWRITE_GOLDEN=1` writes the texts anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shipway.agent.acceptance import accept
from shipway.instances.payload import compile_task
from shipway.instances.settings import PayloadSettings
from shipway.model.task import Container, Task
from shipway.model.task_definition import TaskDefinition
from tests.instances.builders import ARN, INTERFACE, a_container, a_task, a_task_definition, an_instance

GOLDEN = Path(__file__).parent / "golden"


def compiled(task: Task, definition: TaskDefinition) -> dict[str, Any]:
    return compile_task(task, definition, an_instance(), PayloadSettings())


def docker(container: dict[str, Any], half: str) -> dict[str, Any]:
    decoded = json.loads(container["dockerConfig"][half])
    assert isinstance(decoded, dict)
    return decoded


def plain() -> tuple[Task, TaskDefinition]:
    """The least a definition can say, in a service, on EC2."""
    return a_task(service_arn=f"{ARN}service/demo/web", group="service:web"), a_task_definition()


def fargate() -> tuple[Task, TaskDefinition]:
    """An awsvpc task on Fargate: one address, ports not published, task-level limits."""
    container = a_container(
        portMappings=[{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
        healthCheck={"command": ["CMD-SHELL", "true"], "interval": 5, "timeout": 2, "retries": 2},
    )
    definition = a_task_definition(container, networkMode="awsvpc", cpu="256", memory="512")
    return a_task(launch_type="FARGATE", interface=INTERFACE), definition


WEB = a_container(
    image="busybox:stable",
    cpu=128,
    memory=256,
    memoryReservation=128,
    links=["side:cache"],
    portMappings=[
        {"containerPort": 80, "hostPort": 0, "protocol": "tcp", "name": "http"},
        {"containerPort": 53, "hostPort": 5353, "protocol": "udp"},
    ],
    restartPolicy={"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 60},
    entryPoint=["/bin/sh", "-c"],
    command=["httpd -f"],
    environment=[{"name": "COLOUR", "value": "blue"}, {"name": "SIZE", "value": "7"}],
    mountPoints=[{"sourceVolume": "data", "containerPath": "/data", "readOnly": True}],
    volumesFrom=[{"sourceContainer": "side"}],
    dependsOn=[{"containerName": "side", "condition": "START"}],
    startTimeout=20,
    stopTimeout=5,
    versionConsistency="disabled",
    hostname="web-1",
    user="1000:1000",
    workingDirectory="/srv",
    disableNetworking=False,
    privileged=True,
    readonlyRootFilesystem=True,
    dnsServers=["10.0.0.2"],
    dnsSearchDomains=["example.test"],
    extraHosts=[{"hostname": "db", "ipAddress": "10.0.0.9"}],
    dockerSecurityOptions=["no-new-privileges"],
    interactive=True,
    pseudoTerminal=True,
    dockerLabels={"team": "blue"},
    ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
    systemControls=[{"namespace": "net.core.somaxconn", "value": "512"}],
    healthCheck={
        "command": ["CMD", "true"],
        "interval": 10,
        "timeout": 3,
        "retries": 4,
        "startPeriod": 15,
    },
    logConfiguration={
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/web", "awslogs-stream-prefix": "ecs", "mode": "non-blocking"},
    },
    linuxParameters={
        "capabilities": {"add": ["NET_ADMIN"], "drop": ["MKNOD"]},
        "devices": [{"hostPath": "/dev/zero"}, {"hostPath": "/dev/null", "permissions": ["read"]}],
        "initProcessEnabled": True,
        "sharedMemorySize": 64,
        "tmpfs": [{"containerPath": "/scratch", "size": 16, "mountOptions": ["noexec", "mode=1777"]}],
        "maxSwap": 100,
        "swappiness": 10,
    },
)


def everything() -> tuple[Task, TaskDefinition]:
    """Every member that is applied, in one definition, with overrides on top."""
    side = a_container(name="side", essential=False, logConfiguration={"logDriver": "json-file"})
    definition = a_task_definition(
        WEB,
        side,
        pidMode="host",
        ipcMode="none",
        cpu=".5 vCPU",
        memory="1 GB",
        volumes=[
            {"name": "data", "host": {"sourcePath": "/srv/data"}},
            {"name": "scratch", "host": {}},
            {"name": "shared", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}},
            {"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/"}},
        ],
    )
    overrides = {
        "containerOverrides": [
            {
                "name": "web",
                "command": ["once"],
                "environment": [{"name": "SIZE", "value": "8"}, {"name": "NEW", "value": "1"}],
                "memory": 512,
            },
            {"name": "side"},
        ],
        "memory": "2048",
    }
    return a_task(overrides=overrides), definition


CASES = {case.__name__: case for case in (plain, fargate, everything)}


@pytest.mark.parametrize("name", CASES)
def test_payload_is_the_golden_text(name: str) -> None:
    """A definition always compiles to the same payload, member by member."""
    text = json.dumps(compiled(*CASES[name]()), indent=2, sort_keys=True) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("SHIPWAY_REWRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", CASES)
def test_our_agent_takes_what_is_compiled(name: str) -> None:
    """The two rooms agree about the wire: nothing in a payload is refused by the agent."""
    assert accept(compiled(*CASES[name]())).refusal == ""


def test_overrides_are_merged_into_the_container() -> None:
    """Environment is merged by name, command and limits replaced; the agent is given no override."""
    task, definition = everything()
    web, side = compiled(task, definition)["containers"]
    assert web["environment"] == {
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "COLOUR": "blue",
        "SIZE": "8",
        "NEW": "1",
    }
    assert (web["command"], web["memory"], web["overrides"]) == (["once"], 512, "{}")
    assert (side["memory"], side["environment"]) == (128, {"AWS_EXECUTION_ENV": "AWS_ECS_EC2"})
    assert docker(web, "hostConfig")["MemorySwap"] == (512 + 100) * 1024 * 1024


def test_health_check_is_in_nanoseconds_and_announced() -> None:
    """Without `healthCheckType` the agent reports no health; without Healthcheck it refuses the task."""
    container = compiled(*fargate())["containers"][0]
    assert container["healthCheckType"] == "docker"
    assert docker(container, "config")["Healthcheck"] == {
        "Test": ["CMD-SHELL", "true"],
        "Interval": 5_000_000_000,
        "Timeout": 2_000_000_000,
        "Retries": 2,
    }


def test_awsvpc_publishes_no_ports_and_brings_its_address() -> None:
    """In awsvpc Docker refuses published ports; the address, its prefix and the MAC come with the task."""
    payload = compiled(*fargate())
    interface = payload["elasticNetworkInterfaces"][0]
    assert docker(payload["containers"][0], "config")["Labels"] == {"shipway.ports": "80/tcp"}
    assert payload["containers"][0]["portMappings"] == []
    assert "NetworkMode" not in docker(payload["containers"][0], "hostConfig")
    assert interface["ipv4Addresses"] == [{"primary": True, "privateAddress": "10.47.0.5"}]
    assert interface["subnetGatewayIpv4Address"] == "10.47.0.1/16"
    assert interface["attachmentArn"] == f"{ARN}attachment/9fa1"


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        (
            None,
            {
                "awslogs-create-group": "true",
                "awslogs-group": "/ecs/web",
                "awslogs-region": "us-east-1",
                "awslogs-stream": "web/web/00000000000000000000000000000001",
            },
        ),
        (
            {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": "g",
                    "awslogs-region": "eu-west-1",
                    "awslogs-stream-prefix": "p",
                },
            },
            {
                "awslogs-group": "g",
                "awslogs-region": "eu-west-1",
                "awslogs-stream": "p/web/00000000000000000000000000000001",
            },
        ),
        (
            {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "eu-west-1"}},
            {"awslogs-group": "g", "awslogs-region": "eu-west-1"},
        ),
        ({"logDriver": "json-file", "options": {"max-size": "1m"}}, {"max-size": "1m"}),
    ],
)
def test_logs_go_where_the_definition_says(configuration: Any, expected: dict[str, str]) -> None:
    """A prefix becomes the stream's name; no logConfiguration means CloudWatch Logs."""
    container = a_container(logConfiguration=configuration) if configuration else a_container()
    wire = compiled(a_task(), a_task_definition(container))["containers"][0]
    assert docker(wire, "hostConfig")["LogConfig"]["Config"] == expected


def test_images_of_the_local_registry_bring_their_login() -> None:
    """The agent logs in to the local registry through the ECR API; other registries get no login."""
    ours, other = compiled(
        a_task(), a_task_definition(a_container(), a_container(name="other", image="busybox:stable"))
    )["containers"]
    assert ours["registryAuthentication"]["ecrAuthData"]["endpointOverride"] == "http://127.0.0.1:4700"
    assert "registryAuthentication" not in other


def test_a_known_digest_is_sent_unless_consistency_is_off() -> None:
    """Later tasks of a deployment run the image that its first task resolved."""
    born = Container(
        container_arn="arn", name="web", image="127.0.0.1:4701/web:1", image_digest="sha256:" + "a" * 64
    )
    task = a_task(containers=(born,))
    consistent = compiled(task, a_task_definition())["containers"][0]
    loose = compiled(task, a_task_definition(a_container(versionConsistency="disabled")))["containers"][0]
    assert consistent["imageDigest"] == born.image_digest
    assert "imageDigest" not in loose


def test_swappiness_alone_says_nothing_and_no_swap_is_said() -> None:
    """ECS's rule: swappiness needs maxSwap; maxSwap 0 switches swap off."""
    alone = a_container(linuxParameters={"swappiness": 10})
    none = a_container(name="none", linuxParameters={"maxSwap": 0, "swappiness": 10})
    first, second = compiled(a_task(), a_task_definition(alone, none))["containers"]
    assert "MemorySwappiness" not in docker(first, "hostConfig")
    assert docker(second, "hostConfig")["MemorySwap"] == 128 * 1024 * 1024
    assert "MemorySwappiness" not in docker(second, "hostConfig")


def test_names_of_the_service_travel_as_a_label_of_awsvpc_tasks() -> None:
    """Elsewhere there is no network of the installation's own that could know them."""
    names = ("api.shop", "backend")
    for mode, labels in (("awsvpc", {"shipway.names": "api.shop,backend"}), ("bridge", None)):
        definition = a_task_definition(networkMode=mode)
        payload = compile_task(a_task(), definition, an_instance(), PayloadSettings(), names)
        assert docker(payload["containers"][0], "config").get("Labels") == labels
