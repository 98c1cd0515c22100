"""awsvpc and Fargate: each task has an address of its own, and it is the same wherever it is told."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.local_ecs import Document, LocalEcs, eventually, fetch
from tests.end_to_end.pages import web_container

pytestmark = pytest.mark.docker

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
NO_METADATA = "An installation of somebody else's has this machine's one metadata address."


def address_of(task: Document) -> str:
    (attachment,) = task["attachments"]
    details = {entry["name"]: entry["value"] for entry in attachment["details"]}
    return str(details["privateIPv4Address"])


def serve(local: LocalEcs, name: str, definition: str, **members: object) -> list[Document]:
    """A service of two tasks behind a load balancer of the same name; its tasks once it is steady."""
    group = local.load_balancer(name, "ip")
    local.ecs.create_service(
        serviceName=name,
        taskDefinition=definition,
        desiredCount=2,
        networkConfiguration=NETWORK,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
        **members,
    )
    tasks = local.stable(name)
    eventually("targets are healthy", lambda: local.target_states(group), lambda s: s == ["healthy"] * 2)
    health = local.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    targets = sorted((each["Target"]["Id"], each["Target"]["Port"]) for each in health)
    assert targets == sorted((address_of(task), 80) for task in tasks)
    return tasks


def has_metadata(local: LocalEcs) -> bool:
    log = local.folder.log_file.read_text()
    return "has 169.254.170.2 already" not in log and "cannot be opened by this user" not in log


def test_two_services_must_share_a_container_port(local: LocalEcs) -> None:
    """Two awsvpc services listen on port 80, each task at its own address, the same in attachments,
    container interfaces and target group.
    """
    tasks = []
    for name in ("own-a", "own-b"):
        definition = local.register(name, web_container(name), networkMode="awsvpc")
        tasks += serve(local, name, definition, launchType="EC2")
        assert fetch(local.url(name)) == f"{name}\n"
    addresses = [address_of(task) for task in tasks]
    assert len(set(addresses)) == 4
    for task, address in zip(tasks, addresses, strict=True):
        (interface,) = task["containers"][0]["networkInterfaces"]
        assert interface["privateIpv4Address"] == address
        assert interface["attachmentId"] == task["attachments"][0]["id"]
        assert task["attachments"][0]["status"] == "ATTACHED"
    for name in ("own-a", "own-b"):
        local.ecs.delete_service(service=name, force=True)


def test_task_metadata_must_tell_the_same_address(local: LocalEcs) -> None:
    """Asked from inside, at 169.254.170.2, as every AWS SDK does it."""
    if not has_metadata(local):
        pytest.skip(NO_METADATA)
    task_uri = '"$ECS_CONTAINER_METADATA_URI_V4/task"'
    # The container runs a moment before its agent has seen that it does.
    known = f'until wget -q -O - {task_uri} | grep -q \'"KnownStatus":"RUNNING"\'; do :; done'
    ask = f'{known}; echo "$ECS_CONTAINER_METADATA_URI_V4"; wget -q -O - {task_uri}; echo'
    for mode, members in (("awsvpc", {"networkConfiguration": NETWORK}), ("bridge", {})):
        command = ["sh", "-c", f"{ask}; ip -4 addr show eth0; exec sleep 600"]
        inquirer = {"name": "main", "command": command, "linuxParameters": {"initProcessEnabled": True}}
        family = f"asks-{mode}"
        arn = local.run(local.register(family, inquirer, networkMode=mode), **members)
        task = local.until(arn, lambda task: task["lastStatus"] == "RUNNING")
        lines = local.lines(f"/ecs/{family}", until=lambda lines: any("inet " in line for line in lines))
        uri, told = lines[0], json.loads(lines[1])
        assert uri.startswith("http://169.254.170.2/v4/")
        assert told["TaskARN"] == arn
        assert (told["Family"], told["KnownStatus"]) == (family, "RUNNING")
        (container,) = [c for c in told["Containers"] if c["Type"] == "NORMAL"]  # beside the pause container
        assert container["DockerId"] == task["containers"][0]["runtimeId"]
        network = container["Networks"][0]
        assert network["NetworkMode"] == mode
        inside = next(line for line in lines if "inet " in line).split()[1].split("/")[0]
        if mode == "awsvpc":
            assert network["IPv4Addresses"] == [address_of(task)] == [inside]
        local.ecs.stop_task(task=arn)


def test_containers_of_a_task_must_share_localhost(local: LocalEcs) -> None:
    """One serves on loopback only, the other reads it there."""
    server = {
        "name": "server",
        "essential": False,
        "command": ["sh", "-c", "mkdir /p; echo shared > /p/index.html; httpd -f -p 127.0.0.1:8081 -h /p"],
        "healthCheck": {"command": ["CMD-SHELL", "wget -q -O - http://127.0.0.1:8081/"], "interval": 5},
    }
    reader = {
        "name": "reader",
        "command": ["sh", "-c", "wget -q -O - http://127.0.0.1:8081/ | grep -q shared && exit 7"],
        "dependsOn": [{"containerName": "server", "condition": "HEALTHY"}],
    }
    definition = local.register("shares", server, reader, networkMode="awsvpc")
    ended = local.finished(definition, networkConfiguration=NETWORK)
    assert ended["reader"]["exitCode"] == 7, ended


def test_fargate_must_need_no_container_instance(local: LocalEcs) -> None:
    """A service behind a load balancer and a task of its own run; nothing shows where."""
    shown_before = local.ecs.list_container_instances()["containerInstanceArns"]
    sizes = {"networkMode": "awsvpc", "cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"]}
    tasks = serve(local, "far", local.register("far", web_container("far"), **sizes), launchType="FARGATE")
    assert fetch(local.url("far")) == "far\n"
    quick = {"name": "main", "command": ["sh", "-c", "exit 5"]}
    ended = local.finished(
        local.register("far-once", quick, **sizes), launchType="FARGATE", networkConfiguration=NETWORK
    )
    assert ended["main"]["exitCode"] == 5, ended
    for task in (*tasks, ended[""]):
        assert task["launchType"] == "FARGATE"
        assert "containerInstanceArn" not in task
        assert task["platformVersion"] == "1.4.0"
    assert local.ecs.list_container_instances()["containerInstanceArns"] == shown_before
    assert [arn.split("/")[-1] for arn in local.ecs.list_clusters()["clusterArns"]] == ["default"]
    (cluster,) = local.ecs.describe_clusters()["clusters"]
    assert cluster["registeredContainerInstancesCount"] == 3
    local.ecs.delete_service(service="far", force=True)
