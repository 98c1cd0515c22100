"""`deploy --fast`: what it changes for its while, and that it is as before afterwards, whatever happens."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.planning.fast import Before, kept_before, tag_of
from shipway.deploy.planning.verdict import Verdict

from .fakes import World
from .hello import deployed

Members = dict[str, Any]

GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/hello/1"
DELAY = "deregistration_delay.timeout_seconds"


@pytest.fixture
def world() -> World:
    """A service with settings of its own behind a target group; tags are kept."""
    world = World()
    deployed(world)
    live = world.ecs.services["hello"]
    live["deploymentConfiguration"] = {"minimumHealthyPercent": 50, "maximumPercent": 150}
    live["loadBalancers"] = [{"targetGroupArn": GROUP}]

    def tag(members: Members) -> Members:
        live["tags"] = [*(live.get("tags") or ()), *members["tags"]]
        return {}

    def untag(members: Members) -> Members:
        live["tags"] = [one for one in live["tags"] if one["key"] not in members["tagKeys"]]
        return {}

    world.ecs.answers |= {"TagResource": tag, "UntagResource": untag}
    return world


def percents(world: World) -> list[tuple[int, int]]:
    """Each change of the service's percents."""
    changes = [
        members["deploymentConfiguration"]
        for members in world.ecs.requests("UpdateService")
        if "deploymentConfiguration" in members
    ]
    return [(change["minimumHealthyPercent"], change["maximumPercent"]) for change in changes]


def delays(world: World) -> list[str]:
    requests = world.elbv2.requests("ModifyTargetGroupAttributes")
    return [pair["Value"] for request in requests for pair in request["Attributes"]]


def fast_tags(world: World) -> list[str]:
    tags = world.ecs.services["hello"].get("tags") or ()
    return [tag["value"] for tag in tags if tag["key"] == "shipway:before-fast"]


def test_the_old_tasks_are_stopped_at_once_and_the_settings_are_put_back(world: World) -> None:
    """It says what it does, and what is as before."""
    assert deployed(world, tag="2", fast=True).verdict is Verdict.DEPLOYED
    assert percents(world) == [(0, 200), (50, 150)]
    assert delays(world) == ["0", "300"]
    assert fast_tags(world) == []
    said = [line for line in world.progress.lines if line.startswith(("fast", "the settings"))]
    assert said[0].startswith("fast: the old tasks are stopped at once, so the service is down until")
    assert said[1:] == [
        "the settings are as before: 50 to 150 % of the tasks, 300 s deregistration delay of hello"
    ]


def test_nothing_is_touched_where_nothing_is_to_be_deployed(world: World) -> None:
    """Settings are changed for a deployment only."""
    deployed(world, tag="2")
    before = len(world.ecs.requests("UpdateService"))
    assert deployed(world, tag="2", fast=True).verdict is Verdict.UNCHANGED
    assert len(world.ecs.requests("UpdateService")) == before


@pytest.mark.parametrize("course", [["ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"], ["STOPPED"]])
def test_they_are_put_back_after_a_deployment_that_fails(world: World, course: list[str]) -> None:
    """Whatever its verdict."""
    world.ecs.courses = [course]
    assert deployed(world, tag="2", fast=True).verdict is not Verdict.DEPLOYED
    assert (percents(world)[-1], delays(world)[-1], fast_tags(world)) == ((50, 150), "300", [])


def test_settings_left_behind_are_put_back_by_the_next_deployment(world: World) -> None:
    """A process that was killed in between has lost nothing: the tag tells."""

    class Killed(BaseException):
        """Not even `finally` can do anything any more: AWS is out of reach."""

    def killed(members: Members) -> Members:
        world.ecs.answers["UpdateService"] = gone
        raise Killed

    def gone(members: Members) -> Members:
        raise DeployError("out of reach")

    update = world.ecs.answers["UpdateService"]
    register = world.ecs.answers["RegisterTaskDefinition"]
    world.ecs.answers["RegisterTaskDefinition"] = killed
    with pytest.raises(Killed):
        deployed(world, tag="2", fast=True)
    assert fast_tags(world) == ["50/150 hello=300"]
    world.ecs.answers |= {"UpdateService": update, "RegisterTaskDefinition": register}
    assert deployed(world, tag="2").verdict is Verdict.DEPLOYED
    assert (percents(world)[-1], delays(world)[-1], fast_tags(world)) == ((50, 150), "300", [])


def test_a_fast_deployment_after_one_that_was_cut_off_knows_the_first_settings(world: World) -> None:
    """What is live then is the fast one's own."""
    live = world.ecs.services["hello"]
    live["tags"] = [tag_of(Before(50, 150, {"hello": 300}))]
    live["deploymentConfiguration"] = {"minimumHealthyPercent": 0, "maximumPercent": 200}
    deployed(world, tag="2", fast=True)
    assert (percents(world)[-1], delays(world)[-1]) == ((50, 150), "300")


@pytest.mark.parametrize(
    ("live", "word"),
    [
        ({"deploymentConfiguration": {"strategy": "CANARY"}}, "CANARY"),
        ({"schedulingStrategy": "DAEMON"}, "DAEMON"),
    ],
)
def test_only_rolling_updates_have_it(world: World, live: Members, word: str) -> None:
    """Refused before anything is changed."""
    world.ecs.services["hello"] |= live
    with pytest.raises(UsageError, match=f"--fast is for rolling updates; hello is {word}"):
        deployed(world, tag="2", fast=True)
    assert percents(world) == []


def test_the_first_deployment_has_nothing_to_hurry() -> None:
    """It says so."""
    world = World()
    assert deployed(world, fast=True).verdict is Verdict.DEPLOYED
    assert any("--fast changes nothing" in line for line in world.progress.lines)


def test_what_is_kept_is_read_again() -> None:
    """In the characters that a tag may have."""
    before = Before(50, 150, {"blue": 300, "green": 0})
    assert tag_of(before)["value"] == "50/150 blue=300 green=0"
    assert kept_before({"tags": [tag_of(before)]}) == before
    assert kept_before({"tags": []}) is None
