"""What Docker is asked for, member by member."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shipway.agent.container_body import InstanceFacts, container_body, docker_name
from shipway.agent.task_state import PAUSE_NAME
from tests.agent.builders import a_container, a_task, an_interface, task_arn

FACTS = InstanceFacts(
    cluster="default",
    instance_id="i-1",
    installation="home",
    address="127.0.1.2",
    metadata_port=4800,
    link_local=True,
    task_network="tasks",
    machine_cpus=4,
)
KEYS = {
    "credentialsId": "c-1",
    "roleArn": "r",
    "accessKeyId": "a",
    "secretAccessKey": "s",
    "sessionToken": "t",
}


def body_of(*containers: dict[str, Any], facts: InstanceFacts = FACTS, **members: Any) -> dict[str, Any]:
    task = a_task(*containers, **members)
    return container_body(task, task.normal[0].name, facts)


def test_a_plain_container() -> None:
    """Name, labels, environment and limits as Amazon's agent sets them."""
    task = a_task()
    assert docker_name(task, "web").startswith("ecs-hello-3-web-")
    assert len(docker_name(task, "web")) == len("ecs-hello-3-web-") + 20
    assert container_body(task, "web", FACTS) == {
        "Image": "busybox:stable",
        "Cmd": ["sh", "-c", "sleep 1000"],
        "Env": [
            "AWS_DEFAULT_REGION=us-east-1",
            "AWS_EXECUTION_ENV=AWS_ECS_EC2",
            "AWS_REGION=us-east-1",
            "ECS_AGENT_URI=http://169.254.170.2/api/4800-word-of-web",
            "ECS_CONTAINER_METADATA_URI=http://169.254.170.2/v3/4800-word-of-web",
            "ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/4800-word-of-web",
        ],
        "Labels": {
            "com.amazonaws.ecs.cluster": "default",
            "com.amazonaws.ecs.container-name": "web",
            "com.amazonaws.ecs.task-arn": task_arn(),
            "com.amazonaws.ecs.task-definition-family": "hello",
            "com.amazonaws.ecs.task-definition-version": "3",
            "shipway.essential": "true",
            "shipway.installation": "home",
            "shipway.instance": "i-1",
        },
        "HostConfig": {
            "CpuShares": 2,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
            "Binds": [],
            "VolumesFrom": [],
            "Links": [],
            "NetworkMode": "bridge",
            "PortBindings": {},
            "RestartPolicy": {},
            "AutoRemove": False,
        },
    }


def test_the_payloads_docker_json_is_laid_over() -> None:
    """It wins over what is derived, but not over the instance's own labels, network and restart policy."""
    config = {"User": "nobody", "Labels": {"team": "x", "shipway.instance": "forged"}, "Tty": True}
    host_config = {
        "CapAdd": ["SYS_PTRACE"],
        "Memory": 7,
        "NetworkMode": "host",
        "RestartPolicy": {"Name": "always"},
        "AutoRemove": True,
        "LogConfig": {"Type": "syslog", "Config": {"tag": "x"}},
        "Binds": ["/a:/a"],
    }
    body = body_of(a_container(memory=64, config=config, host_config=host_config))
    assert (body["User"], body["Tty"], body["Labels"]["team"]) == ("nobody", True, "x")
    assert body["Labels"]["shipway.instance"] == "i-1"
    expected = {
        "CapAdd": ["SYS_PTRACE"],
        "Memory": 7,
        "NetworkMode": "bridge",
        "RestartPolicy": {},
        "AutoRemove": False,
        "LogConfig": {"Type": "syslog", "Config": {"tag": "x"}},
        "Binds": ["/a:/a"],
    }
    assert {member: body["HostConfig"][member] for member in expected} == expected


def test_command_entry_point_and_override() -> None:
    """The override's command wins; absent ones leave the image's own."""
    body = body_of(a_container(entryPoint=["/e"], overrides='{"command": ["x"]}'))
    assert (body["Entrypoint"], body["Cmd"]) == (["/e"], ["x"])
    body = body_of(a_container(command=None))
    assert "Cmd" not in body
    assert "Entrypoint" not in body


def test_limits() -> None:
    """At least 2 shares and 6 MiB; a task's limits count for containers without their own, below the
    machine's size.
    """
    host_config = body_of(a_container(cpu=512, memory=2), cpu=0.5, memory=256)["HostConfig"]
    assert (host_config["CpuShares"], host_config["Memory"]) == (512, 6 * 1048576)
    assert host_config["NanoCpus"] == 500_000_000
    host_config = body_of(cpu=4, memory=256)["HostConfig"]
    assert host_config["Memory"] == 256 * 1048576
    assert "NanoCpus" not in host_config


def test_ports_are_bound_to_the_instances_address() -> None:
    """Static ones as asked, 0 and absent ones left to Docker; none in host mode."""
    mappings = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 53, "protocol": "udp"}]
    body = body_of(a_container(portMappings=mappings))
    assert body["ExposedPorts"] == {"80/tcp": {}, "53/udp": {}}
    assert body["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostIp": "127.0.1.2", "HostPort": "8080"}],
        "53/udp": [{"HostIp": "127.0.1.2", "HostPort": ""}],
    }
    assert body_of(a_container(portMappings=mappings), networkMode="host")["HostConfig"]["PortBindings"] == {}


def test_an_awsvpc_task_has_its_interface_on_the_pause() -> None:
    """Address, MAC and name there; the task's containers join it."""
    task = a_task(networkMode="awsvpc", elasticNetworkInterfaces=[an_interface("10.0.0.7")])
    pause = container_body(task, PAUSE_NAME, FACTS)
    assert pause["Image"] == "shipway/pause:1"
    assert pause["Hostname"] == "ip-10-99-0-5"
    endpoint = {"IPAMConfig": {"IPv4Address": "10.0.0.7"}, "MacAddress": "0a:58:0a:63:00:05"}
    assert pause["NetworkingConfig"] == {"EndpointsConfig": {"tasks": endpoint}}
    assert pause["MacAddress"] == "0a:58:0a:63:00:05"
    assert (
        container_body(task, "web", FACTS)["HostConfig"]["NetworkMode"]
        == f"container:{docker_name(task, PAUSE_NAME)}"
    )


def test_names_of_the_service_are_the_tasks_names_in_its_network() -> None:
    """Docker's resolver answers them with the task's address; without any there are no aliases."""
    labels = {"shipway.names": "api.shop,backend"}
    task = a_task(
        a_container(config={"Labels": labels}),
        networkMode="awsvpc",
        elasticNetworkInterfaces=[an_interface("10.0.0.7")],
    )
    endpoint = container_body(task, PAUSE_NAME, FACTS)["NetworkingConfig"]["EndpointsConfig"]["tasks"]
    assert endpoint["Aliases"] == ["api.shop", "backend"]


def test_task_ports_can_be_published_where_addresses_are_not_reachable() -> None:
    """On the pause, from the label that the control plane puts there."""
    task = a_task(
        a_container(config={"Labels": {"shipway.ports": "80/tcp"}}),
        networkMode="awsvpc",
        elasticNetworkInterfaces=[an_interface("10.0.0.7")],
    )
    pause = container_body(task, PAUSE_NAME, msgspec.structs.replace(FACTS, publish_task_ports=True))
    assert pause["HostConfig"]["PortBindings"] == {"80/tcp": [{"HostIp": "127.0.1.2", "HostPort": ""}]}


def test_volumes() -> None:
    """A source path is bound, a shared volume has its own name, any other lives with the task."""
    volumes = [
        {"name": "path", "host": {"sourcePath": "/srv"}},
        {"name": "own", "host": {}},
        {"name": "shared", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}},
    ]
    mounts = [
        {"sourceVolume": "path", "containerPath": "/a", "readOnly": True},
        {"sourceVolume": "own", "containerPath": "/b"},
        {"sourceVolume": "shared", "containerPath": "/c"},
    ]
    body = body_of(a_container(mountPoints=mounts), volumes=volumes)
    path, own, shared = body["HostConfig"]["Binds"]
    assert (path, shared) == ("/srv:/a:ro", "shared:/c")
    assert own.startswith("ecs-hello-3-own-")
    assert body["Labels"]["shipway.volumes"] == own.split(":")[0]


@pytest.mark.parametrize(
    ("told", "volume"),
    [
        ({}, "shipway-efs-fs-1"),
        ({"rootDirectory": "/"}, "shipway-efs-fs-1"),
        ({"rootDirectory": "/uploads/"}, "shipway-efs-fs-1-12b87dce"),
        (
            {"transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": "fsap-2"}},
            "shipway-efs-fs-1-fsap-2",
        ),
    ],
)
def test_a_file_system_is_a_volume_that_outlives_its_tasks(told: dict[str, Any], volume: str) -> None:
    """Tasks of whatever family share it, and none of them removes it."""
    efs = {"fileSystemId": "fs-1", **told}
    volumes = [{"name": "files", "type": "efs", "efsVolumeConfiguration": efs}]
    body = body_of(
        a_container(mountPoints=[{"sourceVolume": "files", "containerPath": "/f"}]), volumes=volumes
    )
    assert body["HostConfig"]["Binds"] == [f"{volume}:/f"]
    assert "shipway.volumes" not in body["Labels"]


def environment(**arguments: Any) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in body_of(**arguments)["Env"])


def test_injected_environment() -> None:
    """A region of the user's own stays; injected addresses win; what cannot be reached is not promised."""
    own = a_container(environment={"AWS_REGION": "eu-west-1", "ECS_AGENT_URI": "forged", "A": "b"})
    task = a_task(own, roleCredentials=KEYS)
    found = dict(entry.split("=", 1) for entry in container_body(task, "web", FACTS)["Env"])
    assert (found["AWS_REGION"], found["A"]) == ("eu-west-1", "b")
    assert "AWS_DEFAULT_REGION" not in found
    assert found["ECS_AGENT_URI"] == "http://169.254.170.2/api/4800-word-of-web"
    assert found["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] == "/v2/credentials/4800-c-1"
    apart = msgspec.structs.replace(FACTS, link_local=False)
    assert "ECS_AGENT_URI" not in environment(facts=apart, roleCredentials=KEYS)
    found = environment(facts=apart, networkMode="host", roleCredentials=KEYS)
    assert found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://127.0.0.1:4800/v2/credentials/4800-c-1"
    assert "ECS_AGENT_URI" not in environment(networkMode="none")
    assert environment(launchType="FARGATE")["AWS_EXECUTION_ENV"] == "AWS_ECS_FARGATE"
