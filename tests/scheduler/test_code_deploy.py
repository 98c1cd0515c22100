"""Deployments by AWS CodeDeploy: what is done to task sets and listeners, stage by stage, as text."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.code_deploy import CodeDeployment
from shipway.model.task_set import TaskSet
from shipway.scheduler.code_deploy import CodeDeploySnapshot, ListenerRule, decide_code_deploy
from tests.builders import PLACE, SERVICE, START_MS, a_task_set

BLUE = PLACE.arn("targetgroup/blue/1", "elasticloadbalancing")
GREEN = PLACE.arn("targetgroup/green/2", "elasticloadbalancing")
RULE = PLACE.arn("listener-rule/app/lb/1/2/3", "elasticloadbalancing")
TEST_RULE = PLACE.arn("listener-rule/app/lb/1/4/5", "elasticloadbalancing")
MINUTE_MS = 60_000


def a_deployment(**members: Any) -> CodeDeployment:
    """From task set 1 in the target group blue to task set 2 in green."""
    defaults: dict[str, Any] = {
        "deployment_id": "d-1",
        "service_arn": SERVICE,
        "original_arn": a_task_set(1).task_set_arn,
        "replacement_arn": a_task_set(2).task_set_arn,
        "original_group_arn": BLUE,
        "replacement_group_arn": GREEN,
        "listener_arns": ("listener",),
        "stage_started_at": START_MS,
    }
    return CodeDeployment(**{**defaults, **members})


def green_set(steady: bool = True, **members: Any) -> TaskSet:
    status = "STEADY_STATE" if steady else "STABILIZING"
    return a_task_set(2, scale_percent=100.0, stability_status=status, **members)


def a_code_deploy_snapshot(deployment: CodeDeployment | None = None, **members: Any) -> CodeDeploySnapshot:
    """Blue serves; `share` is green's of the listener's weights."""
    share = members.pop("share", 0)
    defaults: dict[str, Any] = {
        "now_ms": START_MS,
        "deployment": deployment or a_deployment(),
        "original": a_task_set(1, scale_percent=100.0, status="PRIMARY"),
        "replacement": green_set(),
        "rules": (ListenerRule(RULE, {BLUE: 100 - share, GREEN: share}),),
    }
    return CodeDeploySnapshot(**{**defaults, **members})


def planned(deployment: CodeDeployment | None = None, **members: Any) -> list[str]:
    actions = decide_code_deploy(a_code_deploy_snapshot(deployment, **members)).actions
    return [action.text() for action in actions]


def test_the_replacement_is_named_before_it_is_waited_for() -> None:
    """Whom a listener names is checked; it has an hour to become steady."""
    alone = (ListenerRule(RULE, {BLUE: 1}),)
    assert planned(rules=alone) == ["weights of 3: blue 100, green 0"]
    waiting = decide_code_deploy(a_code_deploy_snapshot(replacement=green_set(steady=False)))
    assert (waiting.actions, waiting.wake_at) == ((), START_MS + 60 * MINUTE_MS)


def test_all_at_once() -> None:
    """Test traffic first, then all production traffic; PRIMARY is switched when it has all."""
    test_rules = (ListenerRule(TEST_RULE, {BLUE: 1}),)
    assert planned(test_rules=test_rules) == [
        "weights of 5: blue 0, green 100",
        "weights of 3: blue 0, green 100",
        "stage AllowTraffic 1",
    ]
    shifted = a_deployment(stage="AllowTraffic", step=1)
    assert planned(shifted, share=100) == ["primary task set 2", "stage TerminationWait"]


def test_step_by_step() -> None:
    """Each step lasts its minutes, the next one gives more."""
    canary = a_deployment(stage="AllowTraffic", step=1, steps=(10.0, 100.0), step_wait_ms=5 * MINUTE_MS)
    waiting = decide_code_deploy(a_code_deploy_snapshot(canary, share=10))
    assert (waiting.actions, waiting.wake_at) == ((), START_MS + 5 * MINUTE_MS)
    assert planned(canary, share=10, now_ms=START_MS + 5 * MINUTE_MS) == [
        "weights of 3: blue 0, green 100",
        "stage AllowTraffic 2",
    ]


def test_the_original_is_terminated_after_its_wait() -> None:
    """It drains, and the deployment has succeeded when it is gone."""
    waits = a_deployment(stage="TerminationWait", termination_wait_ms=MINUTE_MS)
    assert planned(waits, share=100) == []
    later = START_MS + MINUTE_MS
    assert planned(waits, share=100, now_ms=later) == ["drain task set 1", "stage Terminate"]
    last = a_deployment(stage="Terminate")
    draining = a_task_set(1, status="DRAINING")
    assert planned(last, share=100, original=draining) == []
    assert planned(last, share=100, original=None) == ["end d-1 (Succeeded)"]
    assert planned(a_deployment(stage="TerminationWait", terminate=False)) == ["end d-1 (Succeeded)"]


def test_a_replacement_that_never_becomes_steady() -> None:
    """After an hour it goes, and nothing has been shifted."""
    lines = planned(replacement=green_set(steady=False), now_ms=START_MS + 60 * MINUTE_MS)
    assert lines == ["drain task set 2", "end d-1 (Failed)"]


def test_a_replacement_that_fails_under_traffic() -> None:
    """Five minutes are borne; then the traffic is the original's again."""
    linear = a_deployment(stage="AllowTraffic", step=1, steps=(50.0, 100.0), step_wait_ms=60 * MINUTE_MS)
    sick = green_set(steady=False, stability_status_at=START_MS)
    assert planned(linear, share=50, replacement=sick) == []
    assert planned(linear, share=50, replacement=sick, now_ms=START_MS + 5 * MINUTE_MS) == [
        "weights of 3: blue 100, green 0",
        "drain task set 2",
        "end d-1 (Failed)",
    ]


def test_what_makes_it_impossible() -> None:
    """A task set that somebody deleted, listeners that forward elsewhere, a service that is deleted."""
    assert planned(replacement=green_set(status="DRAINING")) == ["end d-1 (Failed)"]
    assert planned(original=None) == ["end d-1 (Failed)"]
    assert planned(rules=()) == ["drain task set 2", "end d-1 (Failed)"]
    assert planned(active=False) == ["end d-1 (Failed)"]
    assert planned(replace(a_deployment(), status="Succeeded")) == []


def test_rules_that_forward_to_others_too_come_to_rest() -> None:
    """Whatever else a rule names gets nothing, and is not touched again."""
    third = PLACE.arn("targetgroup/third/3", "elasticloadbalancing")
    told = (ListenerRule(RULE, {third: 5, BLUE: 5}),)
    assert planned(rules=told, replacement=green_set(steady=False)) == ["weights of 3: blue 100, green 0"]
    resting = (ListenerRule(RULE, {third: 0, BLUE: 100, GREEN: 0}),)
    assert planned(rules=resting, replacement=green_set(steady=False)) == []
