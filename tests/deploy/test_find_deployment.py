"""After the call that begins a deployment: which of the service's deployments is ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.errors import DeployError
from shipway.deploy.follow import find_deployment, resume_command, status_command
from shipway.deploy.gate import Gate
from shipway.deploy.planning.verdict import Verdict

from .fake_aws import Answer, refuse
from .fakes import World
from .hello import application, deployed


def begun() -> tuple[World, dict[str, Any]]:
    """A deployment that ECS's answer does not name yet."""
    world = World()
    deployed(world)
    answer = world.ecs.UpdateService({"cluster": "hello", "service": "hello", "forceNewDeployment": True})
    return world, {**answer["service"], "currentServiceDeployment": None}


def failing(answer: Answer, times: int, otherwise: Answer) -> Answer:
    left = [answer] * times

    def answered(members: dict[str, Any]) -> dict[str, Any]:
        return (left.pop() if left else otherwise)(members)

    return answered


def known_of(world: World) -> frozenset[str]:
    return frozenset(str(one["serviceDeploymentArn"]) for one in world.ecs.service_deployments[:-1])


@pytest.mark.parametrize("code", ["ThrottlingException", "ServerException"])
def test_a_look_that_fails_is_repeated(code: str) -> None:
    """What has begun is not left alone because one of the looks for it failed."""
    world, service = begun()
    ecs = world.ecs
    ecs.answers["ListServiceDeployments"] = failing(refuse(code), 3, ecs.ListServiceDeployments)
    found = find_deployment(world.aws, service, known_of(world), world.pace)
    assert found == ecs.service_deployments[-1]["serviceDeploymentArn"]


@pytest.mark.parametrize(("code", "looks"), [("ExpiredTokenException", 1), ("ThrottlingException", 21)])
def test_what_cannot_be_followed_is_said_to_go_on(code: str, looks: int) -> None:
    """At once where no later look would do better, else after twenty seconds; with the way to see it."""
    world, service = begun()
    world.ecs.asked.clear()
    world.ecs.answers["ListServiceDeployments"] = refuse(code, "not now.")
    with pytest.raises(DeployError) as raised:
        find_deployment(world.aws, service, known_of(world), world.pace)
    assert raised.value.sentence == (
        "The service hello was changed, and ECS goes on with it, but its deployment cannot be followed: "
        f"{code}: not now. Look at it with `shipway status -e local -s hello/hello`."
    )
    assert len(world.ecs.requests("ListServiceDeployments")) == looks


def test_commands_that_are_told_lead_to_the_same_place() -> None:
    """In any folder: the region and the profile of the file are not there."""
    aws = World().aws
    assert status_command(aws, "web") == "shipway status -e local -s hello/web"
    amazon = replace(aws, local=False, region="eu-west-1", profile="my team")
    assert status_command(amazon, "web") == (
        "shipway status --profile 'my team' --region eu-west-1 -s hello/web"
    )
    assert resume_command(amazon, "arn:1") == "shipway wait --profile 'my team' arn:1"
    assert resume_command(replace(amazon, profile=None), "arn:1") == "shipway wait arn:1"


def test_what_others_began_at_the_gate_is_not_ours() -> None:
    """Tasks before the deployment may take minutes, and somebody else may deploy in between."""
    world = World()
    deployed(world)

    class Others(Gate):
        def before_service(self, definition: Any, service: Any) -> None:
            world.ecs.courses = [["STOPPED"], ["IN_PROGRESS", "SUCCESSFUL"]]
            world.ecs.UpdateService({"cluster": "hello", "service": "hello", "forceNewDeployment": True})

    def unnamed(members: dict[str, Any]) -> dict[str, Any]:
        """ECS's answer still names the deployment before."""
        theirs = world.ecs.services["hello"]["currentServiceDeployment"]
        answer = world.ecs.UpdateService(members)
        return {"service": {**answer["service"], "currentServiceDeployment": theirs}}

    world.ecs.answers["UpdateService"] = unnamed
    outcome = deploy(application(), world.aws, world.tools, DeployOptions(tag="2"), Others())
    assert outcome.verdict is Verdict.DEPLOYED
    assert outcome.service_deployment_arn == world.ecs.service_deployments[-1]["serviceDeploymentArn"]
