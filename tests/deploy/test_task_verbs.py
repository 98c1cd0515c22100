"""`run` and `start` as the command line means them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.application import Application, NamedTask
from shipway.deploy.edge.git import clean_commit
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.opening import Session, moment_ms, pairs, seconds
from shipway.deploy.planning.images import image_wishes
from shipway.deploy.planning.task_request import TaskWish
from shipway.deploy.task_verbs import TaskChoices, run_task, start_task

from .fakes import World

DEFINITION = {"family": "hello", "containerDefinitions": [{"name": "web", "image": "hello:1"}]}
ENDED = {
    "taskArn": "arn:aws:ecs:r:a:task/hello/feedbeef00",
    "lastStatus": "STOPPED",
    "desiredStatus": "STOPPED",
    "startedAt": 1,
    "containers": [{"name": "web", "exitCode": 42}],
}


@pytest.fixture
def world() -> World:
    made = World()
    arn = made.ecs.RegisterTaskDefinition(DEFINITION)["taskDefinition"]["taskDefinitionArn"]
    made.ecs.tasks = [{**ENDED, "taskDefinitionArn": arn}]
    for operation in ("RunTask", "StartTask"):
        made.ecs.answers[operation] = lambda members: {"tasks": made.ecs.tasks, "failures": []}
    return made


def session(world: World, **members: Any) -> Session:
    application = Application(name="hello", task_definition=DEFINITION, **members)
    return Session(world.aws, "hello", application)


def test_run_takes_the_services_revision(world: World) -> None:
    """What runs is what the service runs, not merely the family's latest."""
    world.ecs.CreateService({"cluster": "hello", "serviceName": "hello", "taskDefinition": "x"})
    world.ecs.services["hello"]["taskDefinition"] = next(iter(world.ecs.revisions))
    world.ecs.RegisterTaskDefinition(DEFINITION)
    assert run_task(session(world), world.tools, TaskChoices(TaskWish())).exit_code == 42
    assert world.ecs.requests("RunTask")[0]["taskDefinition"].endswith("hello:1")


def test_named_task_comes_from_the_file(world: World) -> None:
    """What the command line says wins over it; an unknown name is refused with those there are."""
    known = {"greet": NamedTask(command=("echo", "hi"), environment={"A": "1", "B": "2"})}
    choices = TaskChoices(TaskWish(environment={"B": "3"}), named="greet")
    run_task(session(world, tasks=known), world.tools, choices)
    [override] = world.ecs.requests("RunTask")[0]["overrides"]["containerOverrides"]
    assert override["command"] == ["echo", "hi"]
    assert override["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]
    with pytest.raises(UsageError, match="Did you mean 'greet'"):
        run_task(session(world, tasks=known), world.tools, TaskChoices(TaskWish(), named="gret"))


def test_start_returns_with_the_tasks_arn(world: World) -> None:
    """`start` does not wait unless told to."""
    choices = TaskChoices(TaskWish(), instances=("abcdef12" * 4,), wait=False)
    started = start_task(session(world), world.tools, choices)
    assert started.exit_code == 0
    assert started.as_document()["tasks"][0]["taskArn"] == ENDED["taskArn"]


def test_whoever_leaves_a_task_to_itself_is_told_how_to_see_and_stop_it(world: World) -> None:
    """On this machine by a verb, at AWS in the console; whoever waits is told while it runs."""
    choices = TaskChoices(TaskWish(), wait=False)
    assert run_task(session(world), world.tools, choices).text() == (
        "started task feedbeef00\n"
        "  see it: `shipway logs -e local --cluster hello --task feedbeef00 -f`"
        "  stop it: `shipway stop -e local --cluster hello feedbeef00`"
    )
    world.aws = replace(world.aws, local=False)
    run_task(session(world), world.tools, TaskChoices(TaskWish()))
    assert (
        "see it: https://r.console.aws.amazon.com/ecs/v2/clusters/hello/tasks/feedbeef00?region=r"
        "  stop it: `shipway stop --region r --cluster hello feedbeef00`, or press Ctrl-C"
    ) in world.progress.lines


def test_a_named_tasks_size_and_roles_come_from_the_file(world: World) -> None:
    """As its command does."""
    known = {"migrate": NamedTask(cpu=64, memory="1GB", task_role="arn:a")}
    choices = TaskChoices(TaskWish(memory="256", execution_role="arn:b"), named="migrate")
    run_task(session(world, tasks=known), world.tools, choices)
    assert world.ecs.requests("RunTask")[0]["overrides"] == {
        "taskRoleArn": "arn:a",
        "executionRoleArn": "arn:b",
        "containerOverrides": [{"name": "web", "cpu": 64, "memory": 256}],
    }


def test_nothing_registered_yet_is_said() -> None:
    """Deploy first; a missing cluster is told apart."""
    with pytest.raises(DeployError, match="no task definition 'hello'"):
        run_task(session(World()), World().tools, TaskChoices(TaskWish()))
    with pytest.raises(DeployError, match="cluster 'hello' does not exist"):
        run_task(session(World(cluster=False)), World().tools, TaskChoices(TaskWish()))


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200)])
def test_durations_have_units(text: str, value: float) -> None:
    """Seconds when none is given."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["soon", "-1", "5 x", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """As usage."""
    with pytest.raises(UsageError):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1m", 40_000), ("1970-01-01T00:00:07", 7_000), ("1970-01-01T01:00:07+01:00", 7_000)],
)
def test_moments_are_durations_before_now_or_dates(text: str, value: int) -> None:
    """Of UTC unless they say otherwise, as everything that Shipway shows."""
    assert moment_ms(text, 100_000) == value


def test_what_is_no_moment_is_refused() -> None:
    """As usage."""
    with pytest.raises(UsageError, match="'yesterday' is neither a duration such as 10m nor a moment"):
        moment_ms("yesterday", 0)


def test_pairs_keep_further_equals_signs() -> None:
    """Only the first separates; none at all is refused."""
    assert pairs(["A=b=c"], "a variable") == {"A": "b=c"}
    with pytest.raises(UsageError, match="write NAME=VALUE"):
        pairs(["A"], "a variable")


def test_commit_names_the_image_only_when_the_folder_is_clean(tmp_path: Path) -> None:
    """An edited folder is not that commit, so its content names the image."""

    def git(*arguments: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *author, *arguments], check=True, capture_output=True)

    assert clean_commit(str(tmp_path)) is None
    git("init")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    git("add", ".")
    git("commit", "-m", "first")
    commit = clean_commit(str(tmp_path))
    assert commit is not None
    assert len(commit) == 12
    (tmp_path / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert clean_commit(str(tmp_path)) is None


def test_tag_that_is_none_is_refused() -> None:
    """Before anything is built."""
    with pytest.raises(UsageError, match="is not an image tag"):
        image_wishes(Application(name="hello"), "not a tag", {}, {})
