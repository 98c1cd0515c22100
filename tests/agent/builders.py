"""Tasks as the control plane sends them, with full defaults."""

from __future__ import annotations

import json
from typing import Any

from shipway.agent.acceptance import accept
from shipway.agent.task_state import ContainerState, TaskState, new_task

Message = dict[str, Any]


def task_arn(task_id: str = "0123456789abcdef0123456789abcdef") -> str:
    return f"arn:aws:ecs:us-east-1:000000000000:task/default/{task_id}"


def a_container(name: str = "web", script: str = "sleep 1000", **members: Any) -> Message:
    config, host_config = members.pop("config", {}), members.pop("host_config", {})
    docker = {"version": "1.18", "config": json.dumps(config), "hostConfig": json.dumps(host_config)}
    container = {"name": name, "image": "busybox:stable", "essential": True, "command": ["sh", "-c", script]}
    return {**container, "dockerConfig": docker, "overrides": "{}", **members}


def a_payload(
    *containers: Message, task_id: str = "0123456789abcdef0123456789abcdef", **members: Any
) -> Message:
    task = {
        "arn": task_arn(task_id),
        "taskClusterArn": "arn:aws:ecs:us-east-1:000000000000:cluster/default",
        "family": "hello",
        "version": "3",
        "desiredStatus": "RUNNING",
        "networkMode": "bridge",
        "launchType": "EC2",
        "overrides": "{}",
        "volumes": [],
    }
    return {**task, "containers": list(containers or [a_container()]), **members}


def an_interface(address: str, mac_address: str = "0a:58:0a:63:00:05") -> Message:
    return {
        "attachmentArn": "arn:aws:ecs:us-east-1:000000000000:attachment/1",
        "ec2Id": "eni-1",
        "macAddress": mac_address,
        "ipv4Addresses": [{"primary": True, "privateAddress": address}],
        "subnetGatewayIpv4Address": "10.99.0.1/16",
        "privateDnsName": "ip-10-99-0-5.ec2.internal",
    }


def a_task(*containers: Message, order: int = 1, **members: Any) -> TaskState:
    """A task as the agent holds it, every container at its beginning."""
    accepted = accept(a_payload(*containers, **members))
    assert not accepted.refusal, accepted.refusal
    names = [container.name for container in accepted.payload.containers]
    return new_task(
        accepted.payload, {name: f"word-of-{name}" for name in names}, accepted_at=1000, order=order
    )


def with_states(task: TaskState, **states: ContainerState) -> TaskState:
    for state in states.values():
        task = task.with_container(state)
    return task
