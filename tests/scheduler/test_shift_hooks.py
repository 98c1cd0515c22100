"""Lifecycle hooks: functions that are asked, pauses that wait, and how long."""

from __future__ import annotations

import pytest

from shipway.model.service_revision import ServiceDeployment
from shipway.model.snapshot import Timing
from shipway.model.traffic_shift import (
    FAILED,
    IN_PROGRESS,
    TIMED_OUT,
    CanaryConfiguration,
    HookRun,
)
from shipway.scheduler.shift.hook_calls import answered, open_calls, payload_of, unreached
from shipway.scheduler.shift.stages import HOOK_STAGES
from tests.builders import START_MS, a_hook, a_pause, a_service, revision_arn
from tests.scheduler.shift_world import ShiftWorld
from tests.scheduler.test_shift_stages import MINUTE_MS, deployed

TARGET = "arn:aws:lambda:us-east-1:000000000000:function:check"


def a_run(**members: object) -> HookRun:
    defaults: dict[str, object] = {
        "hook_id": "ecs-lambda-1",
        "hook": 0,
        "stage": "POST_SCALE_UP",
        "target_arn": TARGET,
        "expires_at": START_MS + 1440 * MINUTE_MS,
        "execution_id": "e",
    }
    return HookRun(**{**defaults, **members})  # type: ignore[arg-type]


def test_every_hook_stage_waits_for_its_hook() -> None:
    """A hook at all stages is asked once at each, in order, under an id of its own."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN", hooks=())))
    world.deploy(lifecycle_hooks=(a_hook(*HOOK_STAGES),))
    asked = []
    for _ in HOOK_STAGES[1:]:  # RECONCILE_SERVICE comes only with several sources
        world.come_up()
        world.wait(MINUTE_MS)
        (run,) = world.open_runs
        asked.append(run)
        world.answer(run)
    assert tuple(run.stage for run in asked) == HOOK_STAGES[1:]
    assert len({run.hook_id for run in asked}) == len({run.execution_id for run in asked}) == len(asked)
    world.wait(MINUTE_MS)
    world.come_up()
    assert world.deployment(2).status == "SUCCESSFUL"


def test_a_stage_ends_when_all_of_its_hooks_have() -> None:
    """Several hooks run side by side; a function that is still busy holds the stage."""
    hooks = (a_hook("PRE_SCALE_UP"), a_hook("PRE_SCALE_UP"), a_pause("PRE_SCALE_UP"))
    world = ShiftWorld(a_service(1, strategy="BLUE_GREEN", hooks=hooks))
    world.settle()
    first, second, pause = world.open_runs
    world.answer(first)
    world.answer(pause)
    world.answer(second, IN_PROGRESS, call_at=world.now_ms + 30_000)
    world.settle()
    assert (world.shift.stage, world.counts()) == ("PRE_SCALE_UP", {})
    world.answer(second)
    world.settle()
    assert world.shift.stage == "SCALE_UP"


def test_hooks_run_at_every_step() -> None:
    """CANARY: before both steps and at both, each time with the weights of the moment."""
    canary = CanaryConfiguration(canary_percent=5.5, canary_bake_time_ms=0)
    hooks = (a_hook("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "TEST_TRAFFIC_SHIFT"),)
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.deploy(strategy="CANARY", canary=canary, lifecycle_hooks=hooks)
    told = []
    for _ in range(5):
        world.come_up()
        world.wait(MINUTE_MS)
        (call,) = open_calls(world.state.all(ServiceDeployment))
        details = payload_of(call)["executionDetails"]
        told.append((call.run.stage, details["testTrafficWeights"], details["productionTrafficWeights"]))
        world.answer(call.run)
    green, blue = revision_arn(2), revision_arn(1)
    before, at = "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"
    assert told == [
        ("TEST_TRAFFIC_SHIFT", {green: 100, blue: 0}, {}),
        (before, {}, {green: 0, blue: 100}),
        (at, {}, {green: 5.5, blue: 94.5}),
        (before, {}, {green: 5.5, blue: 94.5}),
        (at, {}, {green: 100, blue: 0}),
    ]


def test_the_payload_of_a_call() -> None:
    """Who asks, at which stage, about what; the hook's own details go with it."""
    hook = a_hook("POST_SCALE_UP", verbatim={"hookDetails": {"suite": "smoke"}})
    world = ShiftWorld(a_service(1, strategy="BLUE_GREEN", hooks=(hook,)))
    world.come_up()
    (call,) = open_calls(world.state.all(ServiceDeployment))
    deployment = world.deployment(1)
    assert payload_of(call) == {
        "executionId": call.run.execution_id,
        "lifecycleStage": "POST_SCALE_UP",
        "resourceArn": deployment.service_deployment_arn,
        "executionDetails": {
            "serviceArn": deployment.service_arn,
            "targetServiceRevisionArn": revision_arn(1),
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
        },
        "hookDetails": {"suite": "smoke"},
    }


def test_details_that_were_returned_come_back() -> None:
    """What an answer adds is sent with the next call, at a later stage of the same deployment too."""
    hook = a_hook("PRE_SCALE_UP", "POST_SCALE_UP", verbatim={"hookDetails": {"suite": "smoke"}})
    world = ShiftWorld(a_service(1, strategy="BLUE_GREEN", hooks=(hook,)))
    world.settle()
    body = b'{"hookStatus": "IN_PROGRESS", "callBackDelay": 5, "hookDetails": {"id": 7}}'
    (run,) = world.open_runs
    later = answered(run, body, Timing(), world.now_ms)
    assert (later.status, later.call_at) == (IN_PROGRESS, world.now_ms + 5_000)
    world.answer(later)
    world.come_up()
    (run,) = world.open_runs
    assert (run.stage, run.details) == ("POST_SCALE_UP", {"suite": "smoke", "id": 7})


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b'{"hookStatus": "FAILED"}', f"Lifecycle hook target {TARGET} returned FAILED status."),
        (
            b"{}",
            f"ECS was unable to parse the response from {TARGET} due to HookStatus must not be null",
        ),
        (
            b"[]",
            f"ECS was unable to parse the response from {TARGET} due to the response is not a JSON object",
        ),
        (
            b'{"hookStatus": "OK"}',
            f"ECS was unable to parse the response from {TARGET} due to HookStatus must be one of SUCCEEDED,"
            " FAILED, IN_PROGRESS",
        ),
    ],
)
def test_answers_that_fail_a_deployment(body: bytes, failure: str) -> None:
    """FAILED, and whatever cannot be understood."""
    run = answered(a_run(), body, Timing(), START_MS)
    assert (run.status, run.failure) == (FAILED, failure)


def test_a_function_that_names_no_delay_is_asked_again_in_half_a_minute() -> None:
    """The default delay; one that is absurd is kept within bounds; both follow the clock's speed."""

    def delay(body: bytes, timing: Timing) -> int:
        return answered(a_run(), body, timing, START_MS).call_at - START_MS

    none, zero = b'{"hookStatus": "IN_PROGRESS"}', b'{"hookStatus": "IN_PROGRESS", "callBackDelay": 0}'
    endless = b'{"hookStatus": "IN_PROGRESS", "callBackDelay": 1e300}'
    assert (delay(none, Timing()), delay(none, Timing().at_speed(10))) == (30_000, 3_000)
    assert (delay(zero, Timing()), delay(zero, Timing().at_speed(10))) == (1_000, 100)
    assert delay(endless, Timing()) == 20_160 * MINUTE_MS


def test_a_function_that_cannot_be_reached_fails_the_deployment() -> None:
    """In ECS's words, with the cause."""
    run = unreached(a_run(), "Connection refused")
    assert run.failure == f"ECS was unable to invoke hook target {TARGET} due to Connection refused"


def test_a_pause_that_nobody_ends_rolls_back() -> None:
    """At its expiry, when its action is ROLLBACK."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.deploy(lifecycle_hooks=(a_pause("POST_SCALE_UP", timeout_ms=5 * MINUTE_MS),))
    world.come_up()
    (pause,) = world.open_runs
    assert pause.expires_at == world.now_ms + 5 * MINUTE_MS
    world.wait(5 * MINUTE_MS - 1)
    assert world.deployment(2).status == "IN_PROGRESS"
    world.wait(1)
    world.come_up()
    deployment = world.deployment(2)
    assert deployment.status == "ROLLBACK_SUCCESSFUL"
    assert deployment.status_reason == (
        "Service deployment rolled back because POST_SCALE_UP pause hook timed out."
    )


def test_a_pause_may_end_by_itself() -> None:
    """At its expiry, when its action is CONTINUE: it shows TIMED_OUT, and the deployment goes on."""
    pause = a_pause("PRE_SCALE_UP", timeout_ms=MINUTE_MS, timeout_action="CONTINUE")
    world = ShiftWorld(a_service(1, strategy="BLUE_GREEN", hooks=(pause,)))
    world.settle()
    world.wait(MINUTE_MS)
    assert world.shift.stage == "SCALE_UP"
    assert [run.status for run in world.shift.hook_runs] == [TIMED_OUT]


def test_a_hook_may_take_longer_than_a_stage() -> None:
    """The limit of 24 hours a stage does not cut a pause of two weeks short."""
    world = ShiftWorld(
        a_service(1, strategy="BLUE_GREEN", hooks=(a_pause("PRE_SCALE_UP", timeout_ms=20_160 * MINUTE_MS),))
    )
    world.settle()
    world.wait(20_160 * MINUTE_MS - 1)
    assert (world.shift.stage, world.deployment(1).status) == ("PRE_SCALE_UP", "IN_PROGRESS")
