"""`shipway exec` against fakes: which container is entered, what is said when none can be."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.edge.data_channel import SessionEnd
from shipway.deploy.errors import DeployError
from shipway.deploy.execute_command import Place, execute, find_place

from .fake_aws import refuse
from .fakes import World

ARN = "arn:aws:ecs:r:a:task/hello/{:032x}"


def task(number: int = 1, *names: str, **members: Any) -> dict[str, Any]:
    agents = [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]
    return {
        "taskArn": ARN.format(number),
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "enableExecuteCommand": True,
        "startedAt": f"2026-11-0{number}",
        "containers": [{"name": name, "managedAgents": agents} for name in names or ("web",)],
        **members,
    }


def world_with(*tasks: dict[str, Any]) -> World:
    world = World()
    world.ecs.tasks = list(tasks)
    session = {"sessionId": "s", "streamUrl": "ws://x", "tokenValue": "t"}
    world.ecs.answers["ExecuteCommand"] = lambda members: {"session": session}
    return world


def ended(code: int | None, said: str = "") -> Any:
    return lambda session: SessionEnd(code, said)


def test_the_task_that_started_last_is_entered() -> None:
    """Of those that can be: one without ECS Exec and one that has ended are passed over."""
    world = world_with(task(1), task(2), task(3, enableExecuteCommand=False), task(4, lastStatus="STOPPED"))
    place = find_place(world.aws, "hello", None, None)
    assert (place.task["taskArn"], place.container) == (ARN.format(2), "web")


def test_words_become_one_command() -> None:
    """Quoted as a shell would need it; without any it is a shell."""
    world = world_with(task())
    place = find_place(world.aws, "hello", None, "web")
    executed = execute(world.aws, place, ("sh", "-c", "echo $HOME"), ended(3))
    assert executed.as_document()["exitCode"] == 3
    execute(world.aws, place, (), ended(None))
    commands = [request["command"] for request in world.ecs.requests("ExecuteCommand")]
    assert commands == ["sh -c 'echo $HOME'", "/bin/sh"]


@pytest.mark.parametrize(
    ("tasks", "container", "said"),
    [
        ((), None, "No task of hello runs"),
        ((task(1, lastStatus="STOPPED"),), None, "No task of hello runs"),
        (
            (task(1, enableExecuteCommand=False),),
            None,
            "enableExecuteCommand: true under service: and deploy",
        ),
        ((task(1, "web", "db"),), None, r"name one: --container web\|db"),
        ((task(1, "web", "db"),), "cache", "no container 'cache'; it has web, db"),
    ],
)
def test_where_nobody_can_go(tasks: tuple[dict[str, Any], ...], container: str | None, said: str) -> None:
    """Each with what to do."""
    with pytest.raises(DeployError, match=said):
        find_place(world_with(*tasks).aws, "hello", None, container)


@pytest.mark.parametrize(
    ("code", "agents", "said"),
    [
        ("TargetNotConnectedException", None, "its exec agent holds no channel"),
        ("InvalidParameterException", "PENDING", "its exec agent is PENDING"),
        ("InvalidParameterException", "", "its exec agent was not started"),
        ("ThrottlingException", None, "ExecuteCommand at local ECS was refused"),
    ],
)
def test_refusals_say_what_is_missing(code: str, agents: str | None, said: str) -> None:
    """ECS has one sentence for several causes; the task tells them apart."""
    one = task()
    if agents is not None:
        told = [{"name": "ExecuteCommandAgent", "lastStatus": agents}] if agents else []
        one["containers"][0]["managedAgents"] = told
    world = world_with(one)
    world.ecs.answers["ExecuteCommand"] = refuse(code)
    with pytest.raises(DeployError, match=said if "refused" not in said else "no"):
        execute(world.aws, Place(one, "web"), ("ls",), ended(0))


def test_a_command_that_could_not_be_started_is_an_error() -> None:
    """The agent's own sentence, with the command before it."""
    world = world_with(task())
    with pytest.raises(DeployError, match="nosuch in web: executable file not found"):
        execute(world.aws, Place(task(), "web"), ("nosuch",), ended(None, "executable file not found\n"))
