"""What prune removes and what it never does; deregister by name."""

from __future__ import annotations

import pytest

from shipway.deploy.errors import AwsRefusal, DeployError, UsageError
from shipway.deploy.planning.pruning import newest_first
from shipway.deploy.pruning import deregister, prune, pruning

from .fake_aws import ACCOUNT, refuse
from .fakes import World
from .hello import deployed

BACK = "service hello can be rolled back to it"


def world_of_six() -> World:
    """Revisions 1, 2 and 4 succeeded, 3 was rolled back, 5 and 6 were never deployed; a task runs 1."""
    world = World()
    for tag in ("1", "2"):
        deployed(world, tag=tag)
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]]
    for tag in ("3", "4"):
        deployed(world, tag=tag)
    for _ in (5, 6):
        world.ecs.RegisterTaskDefinition({"family": "hello", "containerDefinitions": []})
    return world


def text(world: World, keep: int) -> str:
    return pruning(world.aws, "hello", keep).text()


def test_what_is_used_or_can_be_gone_back_to_stays() -> None:
    """However old it is; of the rest the newest stay."""
    world = world_of_six()
    assert text(world, 1) == (
        "keep    hello:6: one of the newest 1\n"
        "keep    hello:4: service hello uses it\n"
        f"keep    hello:2: {BACK}\n"
        f"keep    hello:1: {BACK}\n"
        "remove  hello:5\n"
        "remove  hello:3"
    )
    prune(world.aws, pruning(world.aws, "hello", 1), world.tools)
    removed = [members["taskDefinition"] for members in world.ecs.requests("DeregisterTaskDefinition")]
    assert removed == [f"{ACCOUNT}:task-definition/hello:{number}" for number in (5, 3)]
    assert "remove" not in text(world, 1)


def test_what_a_task_runs_stays() -> None:
    """One-off tasks too, until they have stopped."""
    world = world_of_six()
    task = {
        "taskArn": f"{ACCOUNT}:task/hello/abc",
        "taskDefinitionArn": f"{ACCOUNT}:task-definition/hello:3",
        "desiredStatus": "RUNNING",
        "lastStatus": "RUNNING",
    }
    world.ecs.tasks = [task]
    assert "keep    hello:3: task abc runs it" in text(world, 0)
    world.ecs.tasks = [task | {"desiredStatus": "STOPPED", "lastStatus": "STOPPED"}]
    assert "remove  hello:3" in text(world, 0)


@pytest.mark.parametrize("operation", ["ListClusters", "ListServiceDeployments", "ListTasks"])
def test_what_cannot_be_read_ends_pruning(operation: str) -> None:
    """A definition must not go because nobody was allowed to see its user."""
    world = world_of_six()
    world.ecs.answers[operation] = refuse("AccessDeniedException")
    with pytest.raises(AwsRefusal):
        pruning(world.aws, "hello", 1)


def test_families_are_told_apart_and_numbers_are_numbers() -> None:
    """ECS lists by prefix and in the order of letters."""
    arns = [f"{ACCOUNT}:task-definition/{name}" for name in ("hello:10", "hello:9", "hello-worker:11")]
    assert newest_first(sorted(arns), "hello") == (arns[0], arns[1])


def test_deregister_refuses_what_is_used() -> None:
    """And then touches none of them; --force does."""
    world = world_of_six()
    used, unused = (f"{ACCOUNT}:task-definition/hello:{number}" for number in (4, 5))
    with pytest.raises(DeployError, match="hello:4 is in use: service hello uses it"):
        deregister(world.aws, [unused, used], world.tools, force=False)
    assert world.ecs.requests("DeregisterTaskDefinition") == []
    assert deregister(world.aws, [unused, unused], world.tools, force=False) == [unused]
    with pytest.raises(DeployError, match="no active task definition 'hello:5'"):
        deregister(world.aws, [unused], world.tools, force=False)
    assert deregister(world.aws, [used], world.tools, force=True) == [used]
    with pytest.raises(UsageError, match="names no revision"):
        deregister(world.aws, ["hello"], world.tools, force=False)
