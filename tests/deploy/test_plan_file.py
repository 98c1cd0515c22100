"""A plan in a file binds a deployment to what it saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.errors import DeployError
from shipway.deploy.plan import plan_application
from shipway.deploy.plan_file import keep_plan, options_of, read_plan, refuse_if_moved

from .fakes import World
from .hello import application, deployed


def planned(world: World, file: Path) -> DeployOptions:
    options = DeployOptions(tag="2")
    keep_plan(file, plan_application(application(), world.aws, options), options)
    return options


def test_a_world_that_stood_still_is_deployed_to(tmp_path: Path) -> None:
    """With the choices that the plan was made with."""
    world, file = World(), tmp_path / "plan.json"
    deployed(world)
    options = planned(world, file)
    document = read_plan(file)
    assert DeployOptions(**options_of(document)) == options
    refuse_if_moved(document, application(), world.aws, options)


def deploy_something_else(world: World) -> None:
    deployed(world, "3")


def change_the_count(world: World) -> None:
    world.ecs.services["hello"]["desiredCount"] = 5


@pytest.mark.parametrize(
    ("move", "phrase"),
    [
        (deploy_something_else, "the task definition in use was hello:1, is hello:2"),
        (change_the_count, "service.desiredCount was 3, is 5"),
    ],
)
def test_a_world_that_moved_is_refused(move: Callable[[World], None], phrase: str, tmp_path: Path) -> None:
    """It is named what moved, and nothing is touched."""
    world, file = World(), tmp_path / "plan.json"
    deployed(world)
    options = planned(world, file)
    move(world)
    touched = len(world.ecs.requests("UpdateService")), len(world.ecs.requests("RegisterTaskDefinition"))
    with pytest.raises(DeployError) as refused:
        refuse_if_moved(read_plan(file), application(), world.aws, options)
    assert phrase in refused.value.sentence
    assert refused.value.sentence.startswith("The plan no longer holds, so nothing was done: ")
    assert touched == (
        len(world.ecs.requests("UpdateService")),
        len(world.ecs.requests("RegisterTaskDefinition")),
    )


def test_a_file_that_was_edited_since_is_refused(tmp_path: Path) -> None:
    """What is wanted is bound as well as what stands."""
    world, file = World(), tmp_path / "plan.json"
    deployed(world)
    options = planned(world, file)
    other = application(service={"serviceName": "hello", "desiredCount": 4})
    with pytest.raises(DeployError, match="what is wanted is another"):
        refuse_if_moved(read_plan(file), other, world.aws, options)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99, "options": {}, "basis": {}}'])
def test_what_is_no_plan_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    """Another file by mistake, a plan of another version, a file cut off."""
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(DeployError, match="is no plan of this Shipway"):
        read_plan(file)
    with pytest.raises(DeployError, match="cannot be read"):
        read_plan(tmp_path / "absent.json")
