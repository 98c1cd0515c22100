"""Scaling, restarting and waiting: what is called, what is said, which verdict."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.adjusting import restart, scale
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.opening import Choices, named
from shipway.deploy.planning.scaling_bounds import Bounds, bounds_line
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.steering import Steering, wait

from .fake_aws import ScriptedCalls, refuse
from .fakes import World
from .hello import deployed


class FakeAutoscaling(ScriptedCalls):
    """One scalable target, or none."""

    service = "application-autoscaling"

    def __init__(self, *targets: dict[str, Any]) -> None:
        super().__init__(
            {
                "DescribeScalableTargets": lambda members: {"ScalableTargets": targets},
                "RegisterScalableTarget": lambda members: {},
            }
        )


def world_with(*targets: dict[str, Any]) -> tuple[World, FakeAutoscaling]:
    """Three tasks of hello run; as many run as are wished, a pause later."""
    world = World()
    deployed(world)
    service = world.ecs.services["hello"]
    service |= {"runningCount": 3, "pendingCount": 0}
    world.pace.on_pause = lambda: service.update(runningCount=service["desiredCount"])
    scaling = FakeAutoscaling(*targets)
    world.services["application-autoscaling"] = scaling
    return world, scaling


def test_scaling_is_followed_until_so_many_tasks_run() -> None:
    """One update of the count, no new deployment."""
    world, scaling = world_with()
    outcome = scale(world.aws, "hello", 5, world.tools, Steering())
    [request] = world.ecs.requests("UpdateService")
    assert request == {"cluster": "hello", "service": "hello", "desiredCount": 5}
    assert (outcome.verdict, outcome.exit_code) == (Verdict.DEPLOYED, 0)
    assert outcome.sentence == "5 tasks are running; the revision is the same."
    assert scaling.requests("RegisterScalableTarget") == []
    assert len(world.ecs.service_deployments) == 1


def test_the_count_that_is_there_changes_nothing() -> None:
    """So a script may ask again."""
    world, _ = world_with()
    outcome = scale(world.aws, "hello", 3, world.tools, Steering())
    assert outcome.verdict is Verdict.UNCHANGED
    assert world.ecs.requests("UpdateService") == []


def test_auto_scaling_is_made_to_hold_the_count() -> None:
    """First its bounds, only as far as needed, then the count; and the user is told."""
    world, scaling = world_with({"MinCapacity": 2, "MaxCapacity": 4})
    scale(world.aws, "hello", 8, world.tools, Steering())
    [request] = scaling.requests("RegisterScalableTarget")
    assert (request["MinCapacity"], request["MaxCapacity"]) == (2, 8)
    assert request["ResourceId"] == "service/hello/hello"
    assert (
        "auto scaling keeps the service between 2 and 4 tasks; its maximum becomes 8, "
        "and it may change the count again"
    ) in world.progress.lines


def test_a_count_that_is_taken_back_takes_the_bounds_back() -> None:
    """Ctrl-C, roll back: everything is as it was before."""
    world, scaling = world_with({"MinCapacity": 2, "MaxCapacity": 4})
    world.interruption.answer = "roll back"

    def interrupt() -> None:
        raise KeyboardInterrupt

    world.pace.on_pause = interrupt
    outcome = scale(world.aws, "hello", 1, world.tools, Steering())
    assert outcome.verdict is Verdict.ROLLED_BACK
    assert [request["desiredCount"] for request in world.ecs.requests("UpdateService")] == [1, 3]
    bounds = [request["MinCapacity"] for request in scaling.requests("RegisterScalableTarget")]
    assert bounds == [1, 2]


def test_bounds_that_cannot_be_read_do_not_stop_scaling() -> None:
    """Whoever may scale a service need not be allowed to see auto scaling."""
    world, scaling = world_with()
    scaling.answers["DescribeScalableTargets"] = refuse("AccessDeniedException")
    assert scale(world.aws, "hello", 4, world.tools, Steering()).verdict is Verdict.DEPLOYED


def test_bounds_within_which_the_count_lies_stay() -> None:
    """What is said is what will be done."""
    assert bounds_line(Bounds(2, 8), 4) == (
        "auto scaling keeps the service between 2 and 8 tasks, and may change the count again"
    )
    assert "its minimum becomes 0" in bounds_line(Bounds(2, 8), 0)


def test_a_daemon_is_not_scaled() -> None:
    """ECS would refuse it with less to go by."""
    world, _ = world_with()
    world.ecs.services["hello"]["schedulingStrategy"] = "DAEMON"
    with pytest.raises(DeployError, match="hello is a daemon"):
        scale(world.aws, "hello", 4, world.tools, Steering())


def test_a_restart_is_a_watched_deployment() -> None:
    """Of the same revision, with the verdict of any deployment."""
    world = World()
    deployed(world)
    outcome = restart(world.aws, "hello", world.tools, Steering())
    assert world.ecs.requests("UpdateService") == [
        {"cluster": "hello", "service": "hello", "forceNewDeployment": True}
    ]
    assert (outcome.verdict, outcome.revision_before) == (Verdict.DEPLOYED, outcome.revision_after)
    assert outcome.service_deployment_arn is not None
    assert outcome.service_deployment_arn.endswith("deployment2")
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]]
    assert restart(world.aws, "hello", world.tools, Steering()).exit_code == 3


def test_waiting_ends_with_the_verdict_of_a_deployment_begun_elsewhere() -> None:
    """The newest one, or the one that is named even when it is long over."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]]
    restart(world.aws, "hello", world.tools, Steering(wait=False))
    outcome = wait(world.aws, "hello", world.tools, Steering())
    assert (outcome.verdict, outcome.exit_code) == (Verdict.ROLLED_BACK, 3)
    first = world.ecs.service_deployments[0]["serviceDeploymentArn"]
    assert wait(world.aws, "hello", world.tools, Steering(), first).verdict is Verdict.DEPLOYED
    with pytest.raises(DeployError, match="ECS knows no deployment elsewhere of hello"):
        wait(world.aws, "hello", world.tools, Steering(), "arn:aws:ecs:r:a:service-deployment/c/s/elsewhere")


def test_an_arn_says_where_it_is() -> None:
    """Its region too, unless another is given; a name leaves the rest to the other options."""
    arn = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/shop/web/abc"
    expected = Choices(environment="local", service="shop/web", region="eu-west-1")
    assert named(Choices(environment="local"), arn) == (expected, arn)
    service = "arn:aws:ecs:eu-west-1:123456789012:service/shop/web"
    assert named(Choices(region="us-east-1"), service) == (
        Choices(service="shop/web", region="us-east-1"),
        None,
    )
    assert named(Choices(), "web") == (Choices(service="web"), None)
    assert named(Choices(service="web"), None) == (Choices(service="web"), None)
    with pytest.raises(UsageError, match="neither a service nor a service deployment"):
        named(Choices(), "arn:aws:ecs:eu-west-1:123456789012:task/shop/abc")
