"""The part of an agent, played by hand: it registers an instance and reports what becomes of tasks."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from shipway.model.actions import StartTask
from shipway.model.container_instance import ContainerInstance
from shipway.model.snapshot import AddressPool
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.birth import Birth, new_task
from shipway.seams import Ids
from shipway.store import Store
from shipway.store.commit import commit_plan
from tests.api_ecs.front import Ecs

CAPABILITIES = (
    "com.amazonaws.ecs.capability.docker-remote-api.1.17",
    "com.amazonaws.ecs.capability.docker-remote-api.1.18",
    "com.amazonaws.ecs.capability.docker-remote-api.1.19",
    "com.amazonaws.ecs.capability.docker-remote-api.1.22",
    "com.amazonaws.ecs.capability.docker-remote-api.1.24",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.task-eni",
)


def registration(number: int = 1, cpu: int = 2048, memory: int = 4096, **members: Any) -> dict[str, Any]:
    identity = {
        "instanceId": f"i-{number:017x}",
        "availabilityZone": f"us-east-1{'abc'[number % 3]}",
        "instanceType": "t3.medium",
        "imageId": "ami-1",
        "privateIp": f"127.0.1.{number}",
        "version": "2017-09-30",
    }
    return {
        "instanceIdentityDocument": msgspec.json.encode(identity).decode(),
        "totalResources": [
            {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
            {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "51678"]},
            {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
        ],
        "attributes": [
            *({"name": name} for name in CAPABILITIES),
            {"name": "ecs.os-type", "value": "linux"},
            {"name": "ecs.cpu-architecture", "value": "x86_64"},
        ],
        "versionInfo": {"agentVersion": "1.0.0", "agentHash": "abc", "dockerVersion": "20.10.24"},
        **members,
    }


def register(ecs: Ecs, number: int = 1, *, connected: bool = True, **members: Any) -> dict[str, Any]:
    """Registers an instance; the control plane's own links would set `agent_connected`."""
    answer: dict[str, Any] = ecs("RegisterContainerInstance", **registration(number, **members))[
        "containerInstance"
    ]
    if connected:
        connect(ecs, answer["containerInstanceArn"])
    return answer


def connect(ecs: Ecs, container_instance_arn: str, *, connected: bool = True) -> None:
    with ecs.store.transaction() as tx:
        instance = tx.get(ContainerInstance, container_instance_arn)
        assert instance is not None
        tx.put(replace(instance, agent_connected=connected))


def report(ecs: Ecs, task: dict[str, Any], status: str, **members: Any) -> None:
    """A report of the whole task: all its containers with the task's status, unless `containers` says
    otherwise.
    """
    containers = [
        {"containerName": c["name"], "status": status, **({"exitCode": 0} if status == "STOPPED" else {})}
        for c in task["containers"]
    ]
    answer = ecs(
        "SubmitTaskStateChange",
        **{
            "cluster": "default",
            "task": task["taskArn"],
            "status": status,
            "containers": containers,
            **members,
        },
    )
    assert answer == {"acknowledgment": "ok"}


def service_task(store: Store, service: dict[str, Any], now_ms: int, ids: Ids) -> str:
    """What the services loop does, by hand: a task of the PRIMARY deployment, on the cluster's first
    instance.
    """
    deployment = service["deployments"][0]
    with store.transaction() as tx:
        definition = tx.get(TaskDefinition, deployment["taskDefinition"])
        assert definition is not None
        birth = Birth(
            task_definition=definition,
            cluster_arn=service["clusterArn"],
            created_at=now_ms,
            group=f"service:{service['serviceName']}",
            started_by=deployment["id"],
            service_arn=service["serviceArn"],
            deployment_id=deployment["id"],
        )
        instance = tx.by(ContainerInstance, "cluster_arn", service["clusterArn"])[0]
        task, _ = new_task(birth, instance, AddressPool(), ids)
        commit_plan(tx, (StartTask(task=task, reason="a test wants it"),), now_ms)
    return task.task_arn
