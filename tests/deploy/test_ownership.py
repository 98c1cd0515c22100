"""Members that are not ours: left as they are, and told where they differ."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.application.application import Image
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.errors import DeployError
from shipway.deploy.plan import plan_application
from shipway.deploy.planning.ownership import Owner, Ownership

from .fakes import World
from .hello import PORT, application, deployed

DIGEST = "sha256:" + "1" * 64


def hello(environment: dict[str, str], ownership: dict[str, str], **container: Any) -> Any:
    listed = [{"name": name, "value": value} for name, value in environment.items()]
    web = {"name": "web", "memory": 64, "portMappings": PORT, "environment": listed, **container}
    return application(
        images={"web": Image()},
        task_definition={"family": "hello", "containerDefinitions": [web]},
        ownership=ownership,
    )


def ship(world: World, of: Any, tag: str = "1") -> Any:
    return deploy(of, world.aws, world.tools, DeployOptions(tag=tag))


def registered(world: World) -> dict[str, Any]:
    container: dict[str, Any] = world.ecs.requests("RegisterTaskDefinition")[-1]["containerDefinitions"][0]
    return container


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("service.desiredCount", Owner.THEIRS),
        ("service.networkConfiguration", Owner.OURS),
        ("task_definition.web.environment.LOG", Owner.IGNORE),
        ("task_definition.web.environment.LOGS", Owner.THEIRS),
        ("task_definition.web.image", Owner.OURS),
        ("load_balancer", Owner.OURS),
    ],
)
def test_the_longest_path_decides(path: str, owner: Owner) -> None:
    """A name that begins like another is another; `containerDefinitions` may be written or left out."""
    ownership = Ownership(
        {
            "service.desiredCount": "theirs",
            "task_definition.containerDefinitions.web.environment": "theirs",
            "task_definition.web.environment.LOG": "ignore",
        }
    )
    assert ownership.of(path) is owner


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"desiredCount": "theirs"}, "'desiredCount' names no member"),
        ({"load_balancer.name": "theirs"}, "'load_balancer.name' names no member"),
        ({"service": "mine"}, "'mine' is none of ours, theirs, ignore"),
    ],
)
def test_what_is_no_rule_is_refused(written: dict[str, str], sentence: str) -> None:
    """Before anything is asked of AWS; it is the file that is wrong, not the command."""
    with pytest.raises(DeployError, match=sentence) as refused:
        Ownership(written)
    assert refused.value.exit_code == 1


def test_a_service_that_is_theirs_gets_a_task_definition_and_nothing_else() -> None:
    """Terraform has the service, the pipeline the revision; the difference is told."""
    world = World()
    deployed(world)
    world.ecs.services["hello"]["desiredCount"] = 7
    outcome = ship(world, hello({}, {"service": "theirs", "load_balancer": "theirs"}), tag="2")
    assert outcome.verdict.value == "deployed"
    [update] = world.ecs.requests("UpdateService")
    assert sorted(update) == ["cluster", "service", "taskDefinition"]
    assert (
        "note: left alone, for it is theirs: service.desiredCount: 3 -> 7 (file -> live)"
        in world.progress.lines
    )


def test_one_variable_is_theirs_and_the_rest_is_ours() -> None:
    """The new revision has their value, our change, and what they added."""
    world = World()
    ship(world, hello({"LOG": "info", "MODE": "a"}, {}))
    live = world.ecs.services["hello"]["taskDefinition"]
    world.ecs.revisions[live]["containerDefinitions"][0]["environment"] = [
        {"name": "LOG", "value": "debug"},
        {"name": "MODE", "value": "a"},
    ]
    ship(world, hello({"LOG": "info", "MODE": "b"}, {"task_definition.web.environment.LOG": "theirs"}), "2")
    assert registered(world)["environment"] == [
        {"name": "LOG", "value": "debug"},
        {"name": "MODE", "value": "b"},
    ]
    assert any("task_definition.web.environment.LOG: info -> debug" in line for line in world.progress.lines)


def test_what_is_ignored_is_not_even_told() -> None:
    """Same revision, nothing to do, no word."""
    world = World()
    ship(world, hello({}, {}, cpu=256))
    ignored = {"task_definition.web.cpu": "ignore"}
    outcome = ship(world, hello({}, ignored, cpu=128))
    assert outcome.verdict.value == "unchanged"
    assert not any("left alone" in line for line in world.progress.lines)


def test_a_new_service_is_made_as_the_file_says() -> None:
    """There is nobody else's value yet."""
    world = World()
    ship(world, hello({}, {"service": "theirs", "task_definition.web.cpu": "theirs"}, cpu=256))
    assert world.ecs.requests("CreateService")[0]["desiredCount"] == 3
    assert registered(world)["cpu"] == 256


def test_plan_and_deploy_agree_on_what_is_left_alone() -> None:
    """No change is planned for what is theirs, and the note is the same."""
    world = World()
    deployed(world)
    world.ecr.answers["DescribeImages"] = lambda members: {"imageDetails": [{"imageDigest": DIGEST}]}
    world.ecs.services["hello"]["desiredCount"] = 7
    of = application(ownership={"service.desiredCount": "theirs"})
    plan = plan_application(of, world.aws, DeployOptions(tag="1"))
    assert plan.actions == ()
    assert plan.notes == ("left alone, for it is theirs: service.desiredCount: 3 -> 7 (file -> live)",)
