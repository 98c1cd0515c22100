"""ExecuteCommand: who may go in, and what is said to the others."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.api.ecs import exec_sessions
from shipway.api.errors import ApiError
from shipway.api.shapes import service_shapes
from tests.api_ecs.agents import register, report
from tests.api_ecs.front import Ecs

RUNNING = [
    {"containerName": "web", "managedAgentName": "ExecuteCommandAgent", "status": "RUNNING", "reason": "up"}
]
SESSION = {"sessionId": "ecs-execute-command-1", "streamUrl": "ws://here", "tokenValue": "secret"}


class Opened:
    """The instances' room, as the handler sees it."""

    def __init__(self, answer: dict[str, str] | None = None) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer = answer

    async def __call__(self, instance: str, what: dict[str, Any]) -> dict[str, str] | None:
        self.asked.append((instance, what))
        return self.answer


async def execute(ecs: Ecs, opened: Opened, **members: Any) -> dict[str, Any]:
    import msgspec

    request = {"command": "/bin/sh", "interactive": True, **members}
    operation = service_shapes("ecs").operation("ExecuteCommand")
    assert operation is not None
    decoded = operation.decoder.decode(msgspec.json.encode(request))
    call = msgspec.structs.replace(ecs.call, open_session=opened)
    return await exec_sessions.execute_command(call, decoded)


def running(ecs: Ecs, *, enabled: bool = True, agents: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """A task that runs, whose agent has said so."""
    [task] = ecs("RunTask", taskDefinition="web", enableExecuteCommand=enabled)["tasks"]
    containers = [{"containerName": "web", "status": "RUNNING"}]
    told = RUNNING if agents is None else agents
    report(ecs, task, "RUNNING", containers=containers, managedAgents=told)
    found: dict[str, Any] = ecs("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]
    return found


async def test_a_session_is_opened_at_the_tasks_instance(ecs: Ecs, instance: Any, web: str) -> None:
    """The answer has what a client needs, and the container's own names."""
    task = running(ecs)
    opened = Opened(SESSION)
    answer = await execute(ecs, opened, task=task["taskArn"], command="ls -l")
    assert answer["session"] == SESSION
    assert answer["containerName"] == "web"
    assert answer["containerArn"] == task["containers"][0]["containerArn"]
    what = {"taskArn": task["taskArn"], "containerName": "web", "command": "ls -l"}
    assert opened.asked == [(task["containerInstanceArn"], what)]


def test_the_agent_is_pending_until_it_has_said_otherwise(ecs: Ecs, instance: Any, web: str) -> None:
    """A task with ECS Exec shows it from its birth; one without never does."""
    [task] = ecs("RunTask", taskDefinition="web", enableExecuteCommand=True)["tasks"]
    assert task["containers"][0]["managedAgents"] == [
        {"name": "ExecuteCommandAgent", "lastStatus": "PENDING"}
    ]
    [other] = ecs("RunTask", taskDefinition="web")["tasks"]
    assert "managedAgents" not in other["containers"][0]
    assert running(ecs)["containers"][0]["managedAgents"] == [
        {"name": "ExecuteCommandAgent", "lastStatus": "RUNNING", "reason": "up"}
    ]


@pytest.mark.parametrize(
    ("members", "code", "said"),
    [
        ({"task": "0" * 32}, "InvalidParameterException", "The referenced task was not found."),
        ({"interactive": False}, "InvalidParameterException", "Interactive is the only mode"),
        ({"container": "db"}, "InvalidParameterException", "The container db is not in the task."),
        ({"command": "x" * 5000}, "InvalidParameterException", "1 to 4096 characters"),
        ({}, "TargetNotConnectedException", "internal error. Try again later."),
    ],
)
async def test_refusals(
    ecs: Ecs, instance: Any, web: str, members: dict[str, Any], code: str, said: str
) -> None:
    """In ECS's words where they are known; the last one is an agent that holds no channel."""
    task = running(ecs)
    with pytest.raises(ApiError, match=said) as refused:
        await execute(ecs, Opened(None), **{"task": task["taskArn"], **members})
    assert refused.value.code == code


@pytest.mark.parametrize("how", [{"enabled": False}, {"agents": []}])
async def test_a_task_without_the_agent_is_not_entered(
    ecs: Ecs, instance: Any, web: str, how: dict[str, Any]
) -> None:
    """Whether it was never asked for or has not started yet, ECS says the same."""
    task = running(ecs, **how)
    with pytest.raises(ApiError, match="execute command was not enabled when the task was run"):
        await execute(ecs, Opened(SESSION), task=task["taskArn"])


async def test_one_of_several_containers_must_be_named(ecs: Ecs) -> None:
    """There is no first one."""
    register(ecs)
    containers = [{"name": name, "image": "busybox", "memory": 32} for name in ("web", "db")]
    ecs("RegisterTaskDefinition", family="web", containerDefinitions=containers)
    task = running(ecs)
    with pytest.raises(ApiError, match="A container must be named"):
        await execute(ecs, Opened(SESSION), task=task["taskArn"])
