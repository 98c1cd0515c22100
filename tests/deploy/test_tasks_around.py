"""Tasks before a service is touched, and once it is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.application import Application, NamedTask
from shipway.deploy.application.reading import read_application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.errors import DeployError
from shipway.deploy.plan import plan_application
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.releasing.one_service import ReleaseWishes, release_application
from shipway.deploy.services import rollback

from .fake_aws import refuse
from .fakes import World
from .hello import application

TASKS = {
    "migrate": NamedTask(container="web", command=("./migrate",)),
    "smoke": NamedTask(container="web", command=("./smoke",)),
}


class TasksRun:
    """A world in which one-off tasks end at once, with the exit code of their command."""

    def __init__(self, world: World, exit_codes: Mapping[str, int] | None = None) -> None:
        self.world = world
        self.exit_codes = dict(exit_codes or {})
        self.ran: list[str] = []
        world.ecs.answers["RunTask"] = self.run
        world.logs.answers["GetLogEvents"] = self.lines

    def run(self, members: dict[str, Any]) -> dict[str, Any]:
        command = members["overrides"]["containerOverrides"][0]["command"][0]
        self.ran.append(f"{command} {members['taskDefinition'].rpartition('/')[2]}")
        task = {
            "taskArn": f"arn:aws:ecs:r:a:task/hello/{len(self.ran):032d}",
            "desiredStatus": "STOPPED",
            "lastStatus": "STOPPED",
            "startedAt": 1.0,
            "taskDefinitionArn": members["taskDefinition"],
            "containers": [{"name": "web", "exitCode": self.exit_codes.get(command, 0)}],
        }
        self.world.ecs.tasks.append(task)
        return {"tasks": [task], "failures": []}

    def lines(self, members: dict[str, Any]) -> dict[str, Any]:
        if members.get("nextToken"):
            return {"events": [], "nextForwardToken": "end"}
        number = int(members["logStreamName"].rpartition("/")[2])
        message = f"{self.ran[number - 1]} says hello"
        return {"events": [{"message": message, "timestamp": 1}], "nextForwardToken": "end"}


def released(world: World, tag: str, **members: Any) -> Any:
    found: Application = application(tasks=TASKS, **members)
    options = DeployOptions(tag=tag)
    return release_application(found, world.aws, world.tools, options, ReleaseWishes())


def test_before_tasks_run_with_the_new_revision_before_the_service_is_touched() -> None:
    """Their log is shown; the service comes after."""
    world = World()
    tasks = TasksRun(world)
    assert released(world, "1", before_deploy=("migrate",)).verdict is Verdict.DEPLOYED
    assert tasks.ran == ["./migrate hello:1"]
    asked = world.ecs.operations()
    assert asked.index("RegisterTaskDefinition") < asked.index("RunTask") < asked.index("CreateService")
    assert "migrate | ./migrate hello:1 says hello" in world.progress.lines


def test_when_nothing_changes_no_task_runs() -> None:
    """Nor does a migration run for a change that replaces no task."""
    world = World()
    tasks = TasksRun(world)
    released(world, "1", before_deploy=("migrate",), after_deploy=("smoke",))
    assert (
        released(world, "1", before_deploy=("migrate",), after_deploy=("smoke",)).verdict is Verdict.UNCHANGED
    )
    assert tasks.ran == ["./migrate hello:1", "./smoke hello:1"]


def test_a_failing_before_task_leaves_the_service_as_it_was() -> None:
    """With its exit code and last lines; the new revision is unmade."""
    world = World()
    tasks = TasksRun(world)
    released(world, "1")
    tasks.exit_codes["./migrate"] = 3
    with pytest.raises(DeployError) as failed:
        released(world, "2", before_deploy=("migrate",))
    assert failed.value.sentence == (
        "The before_deploy task migrate failed: container web ended with exit code 3. "
        "Nothing of the service hello was touched."
    )
    assert failed.value.details == ("./migrate hello:2 says hello",)
    assert world.ecs.requests("UpdateService") == []
    assert "removed the task definition hello:2 again: the deployment has failed" in world.progress.lines


def test_a_before_task_that_finds_no_place_is_an_error_of_the_deployment() -> None:
    """Exit code 1: 125 is `shipway run`'s."""
    world = World()
    released(world, "1")
    failure = {"arn": "arn:aws:ecs:r:a:container-instance/hello/1", "reason": "RESOURCE:MEMORY"}
    world.ecs.answers["RunTask"] = lambda members: {"tasks": [], "failures": [failure]}
    with pytest.raises(DeployError, match="there is not enough memory left") as failed:
        released(world, "2", before_deploy=("migrate",))
    assert failed.value.exit_code == 1
    assert world.ecs.requests("UpdateService") == []


def test_a_failing_after_task_is_an_error_and_the_service_is_left() -> None:
    """Unless the file says otherwise."""
    world = World()
    TasksRun(world, {"./smoke": 1})
    outcome = released(world, "1", after_deploy=("smoke",))
    assert (outcome.verdict, outcome.exit_code) == (Verdict.ERROR, 1)
    assert outcome.sentence == (
        "The after_deploy task smoke failed: container web ended with exit code 1. "
        "The service runs hello:1 all the same (on_failure: leave)."
    )
    assert outcome.as_document()["details"] == ["./smoke hello:1 says hello"]


def test_on_failure_roll_back_goes_back_to_the_revision_before() -> None:
    """Exit code 3, as when ECS rolls back."""
    world = World()
    tasks = TasksRun(world)
    released(world, "1", after_deploy=("smoke",), on_failure="roll_back")
    tasks.exit_codes["./smoke"] = 1
    outcome = released(world, "2", after_deploy=("smoke",), on_failure="roll_back")
    assert (outcome.verdict, outcome.exit_code) == (Verdict.ROLLED_BACK, 3)
    assert outcome.sentence == (
        "The after_deploy task smoke failed: container web ended with exit code 1. "
        "The service was rolled back from hello:2 to hello:1."
    )
    assert world.ecs.services["hello"]["taskDefinition"].endswith("hello:1")
    assert outcome.text().splitlines()[1].startswith("    | ") is False
    assert "    | ./smoke hello:2 says hello" in outcome.text()


def test_what_was_taken_back_is_not_gone_back_to() -> None:
    """ECS holds its deployment for one that succeeded; `shipway rollback` goes further back."""
    world = World()
    tasks = TasksRun(world)
    released(world, "1")
    released(world, "2", after_deploy=("smoke",), on_failure="roll_back")
    tasks.exit_codes["./smoke"] = 1
    for tag in ("3", "4"):
        released(world, tag, after_deploy=("smoke",), on_failure="roll_back")
    tags = {tag["key"]: tag["value"] for tag in world.ecs.services["hello"]["tags"]}
    assert tags["shipway:taken-back"] == "hello:4 hello:3"
    outcome = rollback(world.aws, "hello", world.tools, 60.0)
    assert str(outcome.revision_after).endswith("hello:1")


def test_a_rollback_that_is_refused_is_an_error_that_says_both() -> None:
    """Why it was wanted, and why it could not be."""
    world = World()
    tasks = TasksRun(world)
    released(world, "1")
    tasks.exit_codes["./smoke"] = 1
    update, asked = world.ecs.answers["UpdateService"], iter(range(9))
    refused = refuse("InvalidParameterException", "not now")
    world.ecs.answers["UpdateService"] = lambda members: (update if next(asked) == 0 else refused)(members)
    outcome = released(world, "2", after_deploy=("smoke",), on_failure="roll_back")
    assert outcome.verdict is Verdict.ERROR
    assert outcome.sentence == (
        "The after_deploy task smoke failed: container web ended with exit code 1. "
        "Rolling back to hello:1 failed: InvalidParameterException: not now"
    )


def test_a_first_deployment_has_nothing_to_roll_back_to() -> None:
    """It says so and is an error."""
    world = World()
    TasksRun(world, {"./smoke": 1})
    outcome = released(world, "1", after_deploy=("smoke",), on_failure="roll_back")
    assert outcome.verdict is Verdict.ERROR
    assert "There is no earlier revision to roll back to; hello:1 runs." in outcome.sentence


def test_what_ecs_rolls_back_is_not_smoke_tested() -> None:
    """Only a service that is deployed."""
    world = World()
    tasks = TasksRun(world)
    released(world, "1")
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]]
    assert released(world, "2", after_deploy=("smoke",)).verdict is Verdict.ROLLED_BACK
    assert tasks.ran == []


def test_a_plan_tells_which_tasks_run() -> None:
    """When a deployment begins."""
    world = World()
    found = application(tasks=TASKS, before_deploy=("migrate",), after_deploy=("smoke",))
    options = DeployOptions(images={"web": "hello:1"})
    notes = plan_application(found, world.aws, options).notes
    assert notes == (
        "before the service is touched: the task migrate",
        "once the service is deployed: the task smoke",
    )


def test_a_task_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    """With the nearest name."""
    (tmp_path / "shipway.yml").write_text(
        "task_definition: {containerDefinitions: [{name: web, image: a}]}\n"
        "tasks: {migrate: {command: [./migrate]}}\n"
        "before_deploy: [migrat]\n"
    )
    with pytest.raises(DeployError, match=r"shipway\.yml:3: there is no task 'migrat' .* 'migrate'"):
        read_application(tmp_path / "shipway.yml", None)
