"""A deployment that fails before ECS has taken the service unmakes what it made."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.application.application import LoadBalancer
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.planning.verdict import Verdict

from .fake_aws import Answer, refuse
from .fakes import World
from .hello import application, deployed

BLOCK = LoadBalancer(container="web", container_port=80, deregistration_delay=5)
SMALL = {
    "containerInstanceArn": "arn:aws:ecs:r:a:container-instance/hello/abcdef1234",
    "status": "ACTIVE",
    "registeredResources": [
        {"name": "CPU", "integerValue": 1024},
        {"name": "MEMORY", "integerValue": 60},
    ],
}


def done(members: dict[str, Any]) -> dict[str, Any]:
    return {}


def interrupt(members: dict[str, Any]) -> dict[str, Any]:
    raise KeyboardInterrupt


def unmaking_world() -> World:
    """Nothing is there yet, and what was made can be unmade."""
    world = World(cluster=False)
    world.ecr.answers["DeleteRepository"] = done
    world.ecs.answers |= {"DeleteCluster": done, "DeregisterTaskDefinition": done}
    world.elbv2.answers |= {"DeleteListener": done, "DeleteLoadBalancer": done, "DeleteTargetGroup": done}
    return world


def unmade(world: World, error: type[BaseException] = DeployError) -> str:
    """What was said after everything had been tried."""
    with pytest.raises(error):
        deploy(application(load_balancer=BLOCK), world.aws, world.tools, DeployOptions(tag="1"))
    return "\n".join(line for line in world.progress.lines if "again" in line or "left behind" in line)


ALL = (
    "removed the listener of hello on port 80 again: the deployment has failed\n"
    "removed the target group hello again: the deployment has failed\n"
    "removed the load balancer hello again: the deployment has failed\n"
    "removed the cluster hello again: the deployment has failed\n"
    "removed the task definition hello:1 again: the deployment has failed\n"
    "removed the image repository hello again: the deployment has failed"
)


def test_refused_service_leaves_nothing() -> None:
    """The latest goes first, so that nothing is in use when it goes."""
    world = unmaking_world()
    world.ecs.answers["CreateService"] = refuse("InvalidParameterException")
    assert unmade(world) == ALL
    assert world.ecs.requests("DeregisterTaskDefinition")[0]["taskDefinition"].endswith("hello:1")
    assert world.ecr.requests("DeleteRepository") == [{"repositoryName": "hello", "force": True}]


def test_refused_task_definition_leaves_nothing() -> None:
    """It is the first thing that ECS is asked, so there is little to unmake."""
    world = unmaking_world()
    world.ecs.answers["RegisterTaskDefinition"] = refuse("ClientException", "Invalid setting")
    assert unmade(world) == "removed the image repository hello again: the deployment has failed"
    assert "CreateCluster" not in world.ecs.operations()


@pytest.mark.parametrize("push", [refuse("denied"), interrupt])
def test_image_that_is_not_taken_leaves_nothing(push: Answer) -> None:
    """Nor does Ctrl-C before the release."""
    world = unmaking_world()
    world.docker.push = lambda *asked: push({})  # type: ignore[method-assign, assignment]
    said = unmade(world, DeployError if push is not interrupt else KeyboardInterrupt)
    assert said == "removed the image repository hello again: the deployment has failed"
    assert "RegisterTaskDefinition" not in world.ecs.operations()


def test_new_cluster_without_room_is_removed_again() -> None:
    """Its instances are known only once it is made; which resource lacks, and where, is said."""
    world = unmaking_world()
    world.ecs.instances = [SMALL]
    with pytest.raises(DeployError, match=r"container instance abcdef12 lacks 4 MiB of memory"):
        deploy(application(load_balancer=BLOCK), world.aws, world.tools, DeployOptions(tag="1"))
    assert "DeleteCluster" in world.ecs.operations()
    assert world.elbv2.load_balancers == []


def test_what_cannot_be_removed_is_named() -> None:
    """And the rest goes all the same."""
    world = unmaking_world()
    world.ecs.answers["CreateService"] = refuse("InvalidParameterException")
    world.ecs.answers["DeleteCluster"] = refuse("AccessDeniedException", "not you")
    assert unmade(world) == ALL.replace(
        "removed the cluster hello again: the deployment has failed",
        "the cluster hello is left behind: AccessDeniedException: not you",
    )


def test_what_stood_before_stays() -> None:
    """Only what this deployment made is unmade; a service that ECS took is never touched."""
    world = unmaking_world()
    deployed(world)
    world.ecs.answers["UpdateService"] = refuse("InvalidParameterException")
    with pytest.raises(DeployError):
        deployed(world, tag="2")
    unmaking = ("DeregisterTaskDefinition", "DeleteCluster")
    assert [name for name in world.ecs.operations() if name in unmaking] == ["DeregisterTaskDefinition"]
    assert world.ecs.requests("DeregisterTaskDefinition")[0]["taskDefinition"].endswith("hello:2")


def test_silence_is_not_a_refusal() -> None:
    """When no answer came, ECS may have taken the service: what it stands on must stay."""
    world = unmaking_world()

    def silence(members: dict[str, Any]) -> dict[str, Any]:
        raise DeployError("CreateService: AWS does not answer.")

    world.ecs.answers["CreateService"] = silence
    assert unmade(world) == ""
    assert world.progress.lines[-1] == (
        "note: AWS may have taken the change all the same, so what was made for it stays: listener of hello "
        "on port 80, target group hello, load balancer hello, cluster hello, task definition hello:1, "
        "image repository hello"
    )


@pytest.mark.parametrize("created", [True, False])
def test_a_refusal_of_a_call_that_was_sent_again_is_none(created: bool) -> None:
    """The answer to the first may have been lost: then the service is there, and stands on what was made."""
    world = unmaking_world()

    def refused(members: dict[str, Any]) -> dict[str, Any]:
        raise AwsRefusal("not idempotent", operation="?", code="InvalidParameterException", unsure=True)

    if created:
        world.ecs.answers["CreateService"] = refused
    else:
        deployed(world)
        world.ecs.answers["UpdateService"] = refused
    with pytest.raises(AwsRefusal):
        deployed(world, tag="2")
    assert not any(name.startswith(("Delete", "Deregister")) for name in world.ecs.operations())


def test_service_that_ecs_took_is_not_unmade() -> None:
    """A deployment that goes wrong afterwards has its own way back."""
    world = unmaking_world()
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_FAILED"]]
    assert deployed(world).verdict is Verdict.ERROR
    assert not any(name.startswith(("Delete", "Deregister")) for name in world.ecs.operations())
