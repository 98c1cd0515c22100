"""The watch at its edge: how often it asks, how soon it notices, what it does when AWS does not answer."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from shipway.deploy.edge.calls import Throttled
from shipway.deploy.errors import AwsRefusal, DeployError, NoCredentials
from shipway.deploy.planning.trouble import LOST_AFTER_MS, Trouble
from shipway.deploy.planning.verdict import Verdict

from .fake_aws import Answer
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
    a_second = [after - before for before, after in pairwise(calls)]
    assert set(a_second) == {1}


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
        for name in ("DescribeServiceDeployments", "DescribeServices"):
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
