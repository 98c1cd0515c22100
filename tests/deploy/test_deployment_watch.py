"""The watch at its edge: how often it asks, how soon it notices, what it does when AWS does not answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from shipway.deploy.edge.calls import Throttled
from shipway.deploy.errors import AwsRefusal, DeployError, NoCredentials
from shipway.deploy.planning.hopeless import incurable
from shipway.deploy.planning.trouble import LOST_AFTER_MS, Trouble
from shipway.deploy.planning.verdict import Verdict

from .fake_aws import Answer, refuse
from .fakes import World
from .hello import deployed

Members = dict[str, Any]
RESUME = (
    "follow it to its end with `shipway wait -e local "
    "arn:aws:ecs:us-east-1:000000000000:service-deployment/hello/hello/deployment2`."
)


def calls_of(world: World) -> int:
    return len(world.ecs.asked) + len(world.elbv2.asked) + len(world.logs.asked)


def ending_after(world: World, lasts_ms: int) -> list[int]:
    """The next deployment succeeds after so long; the calls so far, at each pause of its watch."""
    world.ecs.courses = [["IN_PROGRESS"]]
    begun_ms = world.pace.moment_ms
    calls: list[int] = []

    def passes() -> None:
        calls.append(calls_of(world))
        deployment = world.ecs.service_deployments[-1]
        if world.pace.moment_ms - begun_ms >= lasts_ms and deployment["status"] == "IN_PROGRESS":
            deployment["status"] = "SUCCESSFUL"
            world.ecs.services["hello"]["currentServiceDeployment"] = None

    world.pace.on_pause = passes
    return calls


@pytest.mark.parametrize("lasts_s", [30, 31])
def test_an_end_is_noticed_within_a_second_at_a_call_a_second(lasts_s: int) -> None:
    """Whichever side of the deployment was the next to be looked at."""
    world = World()
    deployed(world)
    calls = ending_after(world, lasts_s * 1000)
    outcome = deployed(world, tag="2")
    assert (outcome.verdict, outcome.duration_ms) == (Verdict.DEPLOYED, lasts_s * 1000)
    assert calls[-1] - calls[0] <= lasts_s


def test_the_targets_are_looked_at_within_the_same_budget() -> None:
    """And when all of them are healthy and no task is missing, the deployment is looked at at once."""
    world = World()
    deployed(world)
    live = world.ecs.services["hello"]
    live["loadBalancers"] = [{"targetGroupArn": "arn:targetgroup/hello"}]
    health = [{"TargetHealth": {"State": state}} for state in ("initial", "healthy", "healthy")]
    world.elbv2.answers["DescribeTargetHealth"] = lambda members: {"TargetHealthDescriptions": health}
    calls = ending_after(world, 30_000)
    assert deployed(world, tag="2").verdict is Verdict.DEPLOYED
    assert "targets: 2 healthy, 1 initial" in world.progress.lines
    assert calls[-1] - calls[0] <= 31
    assert 4 <= len(world.elbv2.requests("DescribeTargetHealth")) <= 6


def failing_task(reason: str, started_by: str = "ecs-svc/2", name: str = "0123456789") -> Members:
    return {
        "taskArn": f"arn:aws:ecs:us-east-1:000000000000:task/hello/{name}",
        "startedBy": started_by,
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "stoppedReason": "Task failed to start",
        "containers": [{"name": "web", "reason": reason}],
    }


MISSING = "CannotPullContainerError: manifest for hello:2 not found: manifest unknown"


def hopeless(world: World, *, breaker_rolls_back: bool) -> None:
    """The next deployment's tasks all fail, and ECS goes on trying for minutes."""
    world.ecs.courses = [["IN_PROGRESS"] * 60]
    live = world.ecs.services["hello"]
    live["deployments"] = [{"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": "x/hello:2"}]
    breaker = {"enable": True, "rollback": breaker_rolls_back}

    def at_once() -> None:
        deployment = world.ecs.service_deployments[-1]
        deployment["deploymentConfiguration"] = {"deploymentCircuitBreaker": breaker}
        deployment["sourceServiceRevisions"] = [{"arn": "arn:revision/1"}]

    world.ecs.tasks = [failing_task(MISSING)]
    world.pace.on_pause = at_once


def test_a_cause_that_cannot_heal_is_rolled_back_at_once_where_the_breaker_would() -> None:
    """The verdict names the cause, not who asked for the rollback."""
    world = World()
    deployed(world)
    hopeless(world, breaker_rolls_back=True)
    outcome = deployed(world, tag="2")
    assert [sent["stopType"] for sent in world.ecs.requests("StopServiceDeployment")] == ["ROLLBACK"]
    assert outcome.verdict is Verdict.ROLLED_BACK
    assert outcome.sentence == (
        "ECS rolled the service back to hello:1. Task 01234567 could not start: the image does not exist "
        "(CannotPullContainerError: manifest for hello:2 not found: manifest unknown)."
    )
    assert outcome.duration_ms < 10_000


def test_a_cause_that_cannot_heal_ends_the_watch_where_nothing_would_roll_back() -> None:
    """Nothing is asked of ECS; the way on is told."""
    world = World()
    deployed(world)
    hopeless(world, breaker_rolls_back=False)
    outcome = deployed(world, tag="2")
    assert world.ecs.requests("StopServiceDeployment") == []
    assert (outcome.verdict, outcome.exit_code) == (Verdict.ERROR, 1)
    assert "No further task would do better." in outcome.sentence
    assert "`shipway cancel -e local -s hello/hello` ends it" in outcome.sentence


@pytest.mark.parametrize(("choice", "stops"), [("rollback", 1), ("off", 0)])
def test_what_is_done_about_it_can_be_chosen(choice: str, stops: int) -> None:
    """Always back, or wait for ECS: then its end is the verdict's."""
    world = World()
    deployed(world)
    hopeless(world, breaker_rolls_back=False)
    outcome = deployed(world, tag="2", fail_fast=choice, timeout_s=40)
    assert len(world.ecs.requests("StopServiceDeployment")) == stops
    assert outcome.verdict is (Verdict.ROLLED_BACK if stops else Verdict.TIMED_OUT)


def test_tasks_that_may_not_be_looked_at_do_not_end_the_watch() -> None:
    """What a permission is missing for, the watch does without."""
    world = World()
    deployed(world)
    world.ecs.answers["ListTasks"] = refuse("AccessDeniedException")
    ending_after(world, 30_000)
    assert deployed(world, tag="2").verdict is Verdict.DEPLOYED


DENIED = "ResourceInitializationError: unable to pull secrets: AccessDeniedException: no"
LOG_IN = "repository does not exist or may require 'docker login': denied"


@pytest.mark.parametrize(
    ("reasons", "found"),
    [
        ([MISSING], "the image does not exist"),
        ([f"CannotPullContainerError: pull access denied for x, {LOG_IN}"], "the image does not exist"),
        (["CannotPullContainerError: no matching manifest for linux/arm64/v8"], "not for this platform"),
        (["CannotPullContainerError: dial tcp: lookup reg: no such host: not found"], ""),
        (["ResourceInitializationError: unable to pull secrets: ResourceNotFoundException"], "a secret"),
        (["CannotStartContainerError: ... The specified log group does not exist."], "the log group"),
        ([DENIED], ""),
        ([DENIED, DENIED], "a role lacks a permission"),
        (["OutOfMemoryError: Container killed due to memory usage"] * 5, ""),
    ],
)
def test_which_causes_cannot_heal(reasons: list[str], found: str) -> None:
    """What a retry may mend is none: a network, a crash, a permission just given."""
    tasks = [failing_task(reason) for reason in reasons]
    said = incurable(tasks, "ecs-svc/2")
    assert found in said if found else said == ""
    assert incurable(tasks, "ecs-svc/1") == ""


def failing(world: World, error: DeployError, times: int) -> None:
    """So many looks of the next watch, after its first one, end with this error."""
    world.ecs.courses = [["IN_PROGRESS", "IN_PROGRESS", "SUCCESSFUL"]]
    left = [times]

    def unless_failing(answer: Answer, members: Members) -> Members:
        if left[0]:
            left[0] -= 1
            raise error
        return answer(members)

    def begin() -> None:
        world.pace.on_pause = lambda: None
        for name in ("DescribeServiceDeployments", "DescribeServices", "ListTasks"):
            world.ecs.answers[name] = partial(unless_failing, world.ecs.answers[name])

    world.pace.on_pause = begin


def refusal(code: str) -> AwsRefusal:
    return AwsRefusal(f"DescribeServices was refused: {code}.", operation="DescribeServices", code=code)


@pytest.mark.parametrize("code", ["ThrottlingException", "ServerException"])
def test_looks_that_fail_are_repeated_less_and_less_often(code: str) -> None:
    """Each is told, with the pause until the next, half of which is chance."""
    world = World()
    deployed(world)
    failing(world, refusal(code), times=4)
    assert deployed(world, tag="2").verdict is Verdict.DEPLOYED
    assert [line for line in world.progress.lines if "Looking again" in line] == [
        f"DescribeServices was refused: {code}. Looking again in {pause} s."
        for pause in ("0.8", "1.5", "3.0", "6.0")
    ]


@pytest.mark.parametrize(
    "error", [refusal("ExpiredTokenException"), refusal("AccessDeniedException"), NoCredentials("Sign in.")]
)
def test_credentials_that_end_in_the_middle_end_the_watch(error: DeployError) -> None:
    """At once, since no further look heals that; with the way to follow the deployment again."""
    world = World()
    deployed(world)
    failing(world, error, times=1_000)
    outcome = deployed(world, tag="2")
    assert (outcome.verdict, outcome.exit_code) == (Verdict.LOST, 1)
    assert outcome.sentence == (
        f"ECS goes on by itself, but we do not see it any more. {error.sentence} "
        f"When that is mended, {RESUME}"
    )
    assert world.ecs.requests("StopServiceDeployment") == []


def test_a_network_that_stays_away_ends_the_watch_in_the_end() -> None:
    """After minutes, not seconds; then ECS is left to itself."""
    world = World()
    deployed(world)
    failing(world, DeployError("ECS does not answer."), times=1_000)
    begun_ms = world.pace.moment_ms
    outcome = deployed(world, tag="2")
    assert outcome.verdict is Verdict.LOST
    assert LOST_AFTER_MS <= world.pace.moment_ms - begun_ms < LOST_AFTER_MS + 30_000
    assert outcome.sentence.endswith(RESUME)


def test_the_time_limit_holds_without_sight_too() -> None:
    """A pipeline that was given a minute is not kept for five."""
    world = World()
    deployed(world)
    failing(world, DeployError("ECS does not answer."), times=1_000)
    begun_ms = world.pace.moment_ms
    outcome = deployed(world, tag="2", timeout_s=60.0)
    assert (outcome.verdict, outcome.sentence.endswith(RESUME)) == (Verdict.LOST, True)
    assert 60_000 <= world.pace.moment_ms - begun_ms < 62_000


def test_pauses_differ_by_chance() -> None:
    """So that many pipelines that are throttled together do not come back together."""
    trouble = Trouble(0, looks=3)
    assert (trouble.pause_s(0.0), trouble.pause_s(1.0)) == (2.0, 4.0)
    assert Trouble(0, looks=99).pause_s(1.0) == 20.0


def test_throttled_calls_are_told_where_the_sdk_repeats_them() -> None:
    """Any call of a deployment, by its name; other failures and the last attempt are no news."""

    class UpdateService:
        name = "UpdateService"

    told: list[str] = []
    throttled = Throttled()
    throttled.tell = told.append
    answers = [{"Error": {"Code": "ThrottlingException"}}, {"Error": {"Code": "ServerException"}}, {}]
    for answer in answers:
        throttled.note(UpdateService, (None, answer), 1)
    throttled.note(UpdateService, None, 1)
    throttled.note(UpdateService, (None, answers[0]), 5)
    assert told == ["AWS throttles UpdateService (ThrottlingException); sent again, attempt 2."]
