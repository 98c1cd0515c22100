"""Records with full defaults for the tests of this room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from shipway.model.container_instance import ContainerInstance
from shipway.model.outbox import OutboxMessage
from shipway.model.task import Container, NetworkInterface, Task
from shipway.model.task_definition import TaskDefinition
from shipway.store import Store

ARN = "arn:aws:ecs:us-east-1:000000000000:"
CLUSTER = f"{ARN}cluster/demo"
INSTANCE = f"{ARN}container-instance/demo/{'1' * 32}"
OTHER_INSTANCE = f"{ARN}container-instance/demo/{'2' * 32}"
INTERFACE = NetworkInterface(
    attachment_id="9fa1",
    eni_id="eni-0123456789abcdef0",
    mac_address="02:42:0a:2f:00:05",
    private_ipv4_address="10.47.0.5",
    subnet_id="subnet-local-a",
)


def an_instance(arn: str = INSTANCE, **changes: Any) -> ContainerInstance:
    defaults: dict[str, Any] = {"container_instance_arn": arn, "cluster_arn": CLUSTER}
    return ContainerInstance(**{**defaults, "availability_zone": "us-east-1a", **changes})


def a_container(**members: Any) -> dict[str, Any]:
    """A container definition as it is after registration: defaults filled in."""
    registered: dict[str, Any] = {
        "name": "web",
        "image": "127.0.0.1:4701/web:1",
        "cpu": 0,
        "memory": 128,
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "portMappings": [],
        "systemControls": [],
    }
    return {**registered, **members}


def a_task_definition(*containers: dict[str, Any], **body: Any) -> TaskDefinition:
    definitions = list(containers) or [a_container()]
    return TaskDefinition(
        task_definition_arn=f"{ARN}task-definition/web:3",
        family="web",
        revision=3,
        body={"family": "web", "containerDefinitions": definitions, "volumes": [], **body},
    )


def a_task(number: int = 1, **changes: Any) -> Task:
    task_id = f"{number:032x}"
    defaults: dict[str, Any] = {
        "task_arn": f"{ARN}task/demo/{task_id}",
        "cluster_arn": CLUSTER,
        "task_definition_arn": f"{ARN}task-definition/web:3",
        "created_at": 1_000,
        "container_instance_arn": INSTANCE,
        "group": "family:web",
        "containers": (
            Container(
                container_arn=f"{ARN}container/demo/{task_id}/c1",
                name="web",
                image="127.0.0.1:4701/web:1",
                has_health_check=True,
            ),
        ),
    }
    return Task(**{**defaults, **changes})


def a_message(task: Task, seq_num: int = 1, desired_status: str = "RUNNING") -> OutboxMessage:
    return OutboxMessage(
        message_id=f"message-{seq_num}",
        container_instance_arn=task.container_instance_arn or "",
        task_arn=task.task_arn,
        seq_num=seq_num,
        desired_status=desired_status,
    )


def put(store: Store, *records: Any) -> None:
    with store.transaction() as tx:
        for record in records:
            tx.put(record)


async def committed(store: Store, holds: Callable[[], bool], deadline_s: float = 5.0) -> None:
    """Waits, woken by commits, until a condition on the state holds."""
    looked = asyncio.Event()
    unsubscribe = store.subscribe(lambda _: looked.set())
    try:
        async with asyncio.timeout(deadline_s):
            while not holds():
                await looked.wait()
                looked.clear()
    finally:
        unsubscribe()
