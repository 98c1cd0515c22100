"""Desired counts that Application Auto Scaling keeps: a plan and a deployment leave them alone and say so."""

from __future__ import annotations

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.plan import plan_application

from .fake_aws import FakeAutoScaling, refuse
from .fakes import World
from .hello import application, deployed

NOTE = (
    "desiredCount 3 of the file is left alone: Application Auto Scaling keeps hello between 2 and 10 tasks, "
    "now 7."
)
OPTIONS = DeployOptions(tag="1")


def scaled() -> World:
    """hello was deployed with 3 tasks, and its scaling made it 7."""
    world = World()
    deployed(world)
    world.ecs.services["hello"]["desiredCount"] = 7
    scaling = FakeAutoScaling()
    scaling.targets = [{"MinCapacity": 2, "MaxCapacity": 10}]
    world.services["application-autoscaling"] = scaling
    return world


def test_a_deployment_leaves_the_scaled_count_alone() -> None:
    """The file's count is for the first deployment; nothing else changed, so nothing is sent."""
    world = scaled()
    outcome = deploy(application(), world.aws, world.tools, OPTIONS)
    assert outcome.verdict.value == "unchanged"
    assert world.ecs.requests("UpdateService") == []
    assert f"note: {NOTE}" in world.progress.lines


def test_a_plan_says_who_keeps_the_count() -> None:
    """And does not show it as a change."""
    plan = plan_application(application(), scaled().aws, OPTIONS)
    assert plan.notes == (NOTE,)
    assert "service.desiredCount" not in [change.member for change in plan.changes]


def test_without_a_scalable_target_the_count_is_the_files() -> None:
    """As before."""
    world = scaled()
    world.services["application-autoscaling"] = FakeAutoScaling()
    deploy(application(), world.aws, world.tools, OPTIONS)
    assert world.ecs.requests("UpdateService")[0]["desiredCount"] == 3


def test_scaling_that_may_not_be_read_is_said() -> None:
    """The count is set, for most services are not scaled; the user learns which permission lacks."""
    world = scaled()
    denied = FakeAutoScaling()
    denied.answers["DescribeScalableTargets"] = refuse("AccessDeniedException")
    world.services["application-autoscaling"] = denied
    deploy(application(), world.aws, world.tools, OPTIONS)
    assert world.ecs.requests("UpdateService")[0]["desiredCount"] == 3
    assert any("application-autoscaling:DescribeScalableTargets" in line for line in world.progress.lines)


def test_an_equal_count_asks_nobody() -> None:
    """The usual case costs no call."""
    world = World()
    deployed(world)
    deployed(world)
    scaling = world.services["application-autoscaling"]
    assert isinstance(scaling, FakeAutoScaling) and scaling.asked == []
