"""Answers to waiting hooks, and deployments that are called off."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.services import status
from shipway.deploy.steering import Steering, approve, cancel, reject

from .fakes import World
from .hello import deployed


def pause(number: int = 1) -> dict[str, Any]:
    return {
        "hookId": f"ecs-pause-{number}",
        "targetType": "PAUSE",
        "status": "AWAITING_ACTION",
        "timeoutAction": "ROLLBACK",
    }


def paused(*hooks: dict[str, Any]) -> World:
    """The second deployment of hello waits at its hooks."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS"]]

    def wait(deployment: dict[str, Any]) -> None:
        first = deployment is world.ecs.service_deployments[0]
        if not first and "lifecycleHookDetails" not in deployment:
            deployment["lifecycleStage"] = "POST_SCALE_UP"
            deployment["lifecycleHookDetails"] = list(hooks)

    world.ecs.on_look = wait
    outcome = deployed(world, tag="2")
    assert (outcome.verdict, outcome.exit_code) == (Verdict.PAUSED, 5)
    return world


def test_a_paused_deployment_names_the_commands_that_answer_it() -> None:
    """They can be typed in any folder."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS"]]
    world.ecs.on_look = lambda deployment: deployment.update(lifecycleHookDetails=[pause()])
    assert deployed(world, tag="2").sentence.endswith(
        "Answer with `shipway approve -e local -s hello/hello` or `shipway reject -e local -s hello/hello`."
    )


def test_approved_deployment_goes_on_to_its_verdict() -> None:
    """The hook is answered with CONTINUE, and what follows is watched."""
    world = paused(pause())
    outcome = approve(world.aws, "hello", world.tools, Steering())
    [asked] = world.ecs.requests("ContinueServiceDeployment")
    assert (asked["hookId"], asked["action"]) == ("ecs-pause-1", "CONTINUE")
    assert asked["serviceDeploymentArn"].endswith("deployment2")
    assert (outcome.verdict, outcome.exit_code) == (Verdict.DEPLOYED, 0)
    assert "answered hook ecs-pause-1 at POST_SCALE_UP with CONTINUE" in world.progress.lines


def test_rejected_deployment_is_rolled_back_as_was_wished() -> None:
    """So the exit code is 0, where that of a deployment would be 3."""
    world = paused(pause())
    outcome = reject(world.aws, "hello", world.tools, Steering())
    assert world.ecs.requests("ContinueServiceDeployment")[0]["action"] == "ROLLBACK"
    assert (outcome.verdict, outcome.exit_code) == (Verdict.ROLLED_BACK, 0)
    assert outcome.as_document()["exitCode"] == 0
    assert outcome.revision_after is not None
    assert outcome.revision_after.endswith("hello:1")


def test_of_several_hooks_one_must_be_named() -> None:
    """The error lists them; an answer to one leaves the deployment waiting for the other."""
    world = paused(pause(1), pause(2))
    with pytest.raises(UsageError, match="ecs-pause-1, ecs-pause-2"):
        approve(world.aws, "hello", world.tools, Steering())
    with pytest.raises(DeployError, match="No hook 'ecs-pause-9'"):
        approve(world.aws, "hello", world.tools, Steering(hook_id="ecs-pause-9"))
    assert world.ecs.requests("ContinueServiceDeployment") == []
    outcome = approve(world.aws, "hello", world.tools, Steering(hook_id="ecs-pause-2", wait=False))
    assert outcome.verdict is Verdict.DETACHED
    assert [asked["hookId"] for asked in world.ecs.requests("ContinueServiceDeployment")] == ["ecs-pause-2"]


@pytest.mark.parametrize("verb", [approve, reject, cancel])
def test_where_nothing_is_under_way_there_is_nothing_to_steer(verb: Any) -> None:
    """One sentence, and no call that changes anything."""
    world = World()
    deployed(world)
    with pytest.raises(DeployError, match="No deployment of hello is under way"):
        verb(world.aws, "hello", world.tools, Steering())
    assert not {"ContinueServiceDeployment", "StopServiceDeployment"} & set(world.ecs.operations())


def test_a_deployment_that_does_not_wait_cannot_be_answered() -> None:
    """The error says where it is instead."""
    world = paused(pause())
    world.ecs.service_deployments[1]["lifecycleHookDetails"][0]["status"] = "SUCCEEDED"
    with pytest.raises(DeployError, match="deployment2 is IN_PROGRESS at POST_SCALE_UP"):
        approve(world.aws, "hello", world.tools, Steering())


@pytest.mark.parametrize(
    ("abort", "stop_type", "verdict"),
    [(False, "ROLLBACK", Verdict.ROLLED_BACK), (True, "ABORT", Verdict.STOPPED)],
)
def test_cancelled_deployment_ends_as_was_wished(abort: bool, stop_type: str, verdict: Verdict) -> None:
    """Rolled back, or left as it stands when it is aborted."""
    world = paused(pause())
    outcome = cancel(world.aws, "hello", world.tools, Steering(), abort=abort)
    assert world.ecs.requests("StopServiceDeployment")[0]["stopType"] == stop_type
    assert (outcome.verdict, outcome.exit_code) == (verdict, 0)


def test_a_rollback_is_not_cancelled() -> None:
    """ECS is already doing what cancel would ask for."""
    world = paused(pause())
    world.ecs.service_deployments[1]["status"] = "ROLLBACK_IN_PROGRESS"
    with pytest.raises(DeployError, match="is ROLLBACK_IN_PROGRESS already"):
        cancel(world.aws, "hello", world.tools, Steering())


def test_status_shows_how_far_a_deployment_is() -> None:
    """Stage, weights, hooks and what happens without an answer, breaker."""
    world = paused(pause())
    deployment = world.ecs.service_deployments[1]
    deployment["targetServiceRevision"] |= {
        "requestedTestTrafficWeight": 100.0,
        "requestedProductionTrafficWeight": 12.5,
    }
    deployment["deploymentCircuitBreaker"] = {"status": "MONITORING", "failureCount": 1, "threshold": 3}
    report = status(world.aws, "hello")
    assert report.as_document()["currentServiceDeployment"]["lifecycleStage"] == "POST_SCALE_UP"
    assert (
        "service deployment deployment2: IN_PROGRESS hello:2\n"
        "  stage POST_SCALE_UP\n"
        "  test traffic: 100 % to hello:2\n"
        "  production traffic: 12.5 % to hello:2\n"
        "  hook ecs-pause-1 waits for an answer; without one ECS will ROLLBACK\n"
        "  circuit breaker MONITORING: 1 of 3 failures\n"
    ) in report.text()
