"""The conversation with a hook's function: what it is sent, and what its answer means."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from shipway.model.service_revision import ServiceDeployment
from shipway.model.snapshot import Timing
from shipway.model.traffic_shift import AWS_LAMBDA, FAILED, IN_PROGRESS, SUCCEEDED, HookRun
from shipway.scheduler.shift.hooks import merged
from shipway.scheduler.shift.stages import (
    PRE_PRODUCTION_TRAFFIC_SHIFT,
    PRODUCTION_TRAFFIC_SHIFT,
    TEST_TRAFFIC_SHIFT,
)

STATUSES = (SUCCEEDED, FAILED, IN_PROGRESS)
CALL_BACK_MIN_S = 1  # a function that says 0 must not be asked in a busy loop
CALL_BACK_MAX_S = 20_160 * 60  # no hook waits longer


class HookCall(msgspec.Struct, frozen=True):
    """A function that has to be asked, from `call_at` of its run on."""

    deployment: ServiceDeployment
    run: HookRun

    @property
    def key(self) -> tuple[str, str]:
        return (self.deployment.service_deployment_arn, self.run.hook_id)


def open_calls(deployments: list[ServiceDeployment]) -> tuple[HookCall, ...]:
    """Every call that the deployments in progress wait for, now or later."""
    return tuple(
        HookCall(deployment, run)
        for deployment in deployments
        if deployment.in_progress and deployment.shift is not None
        for run in deployment.shift.current_runs
        if run.target_type == AWS_LAMBDA and run.open
    )


def payload_of(call: HookCall) -> dict[str, Any]:
    deployment, run = call.deployment, call.run
    payload = {
        "executionId": run.execution_id,
        "lifecycleStage": run.stage,
        "resourceArn": deployment.service_deployment_arn,
        "executionDetails": {
            "serviceArn": deployment.service_arn,
            "targetServiceRevisionArn": deployment.target_revision_arn,
            **weights(deployment, run.stage),
        },
    }
    return payload if run.details is None else {**payload, "hookDetails": run.details}


def weights(deployment: ServiceDeployment, stage: str) -> dict[str, Any]:
    """Each map is filled in the stages that concern it, and empty in the others."""
    shift = deployment.shift
    assert shift is not None
    production = stage in (PRE_PRODUCTION_TRAFFIC_SHIFT, PRODUCTION_TRAFFIC_SHIFT)
    return {
        "testTrafficWeights": shares(deployment, shift.test_weight) if stage == TEST_TRAFFIC_SHIFT else {},
        "productionTrafficWeights": shares(deployment, shift.production_weight) if production else {},
    }


def shares(deployment: ServiceDeployment, percent: float) -> dict[str, float]:
    blue = deployment.shift.blue_revision_arn if deployment.shift else None
    of_green = {deployment.target_revision_arn: plain(percent)}
    return of_green if blue is None else {**of_green, blue: plain(100 - percent)}


def plain(percent: float) -> float:
    """100 rather than 100.0, and never 89.99999999999999."""
    rounded = round(percent, 1)
    return int(rounded) if rounded.is_integer() else rounded


def answered(run: HookRun, body: bytes, timing: Timing, now_ms: int) -> HookRun:
    """The run after its function answered."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        return unreadable(run, str(error))
    if not isinstance(answer, dict):
        return unreadable(run, "the response is not a JSON object")
    status = answer.get("hookStatus")
    if status is None:
        return unreadable(run, "HookStatus must not be null")
    if status not in STATUSES:
        return unreadable(run, f"HookStatus must be one of {', '.join(STATUSES)}")
    if status == FAILED:
        failure = f"Lifecycle hook target {run.target_arn} returned FAILED status."
        return replace(run, status=FAILED, failure=failure)
    details = merged(run.details, answer.get("hookDetails"))
    if status == SUCCEEDED:
        return replace(run, status=SUCCEEDED, details=details)
    return replace(run, details=details, call_at=now_ms + delay_ms(answer.get("callBackDelay"), timing))


def delay_ms(seconds: Any, timing: Timing) -> int:
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        return timing.scaled(round(min(max(seconds, CALL_BACK_MIN_S), CALL_BACK_MAX_S) * 1000))
    return timing.hook_call_back_ms


def unreadable(run: HookRun, why: str) -> HookRun:
    failure = f"ECS was unable to parse the response from {run.target_arn} due to {why}"
    return replace(run, status=FAILED, failure=failure)


def unreached(run: HookRun, why: str) -> HookRun:
    failure = f"ECS was unable to invoke hook target {run.target_arn} due to {why}"
    return replace(run, status=FAILED, failure=failure)
