"""The fold of a watch: what is said, and when it ends with which verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.planning.watch import Observation, WatchState, advance, left

ARN = "arn:aws:ecs:r:a:service-deployment/hello/hello/ours"
NEWER = "arn:aws:ecs:r:a:service-deployment/hello/hello/newer"
UNPLACED = (
    "(service hello) was unable to place a task because no container instance met all of its requirements. "
    "The closest matching (container-instance abc) has insufficient memory available."
)


def look(moment_s: float, status: str, running: int = 0, pending: int = 0, **more: Any) -> Observation:
    deployment = {
        "status": status,
        "targetServiceRevision": {
            "requestedTaskCount": 3,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        },
        **more.pop("deployment", {}),
    }
    service = {
        "status": "ACTIVE",
        "desiredCount": 3,
        "pendingCount": 0,
        "events": [],
        **more.pop("service", {}),
    }
    return Observation(int(moment_s * 1000), deployment, service, **more)


def event(number: int, message: str) -> dict[str, Any]:
    return {"events": [{"id": f"e{number}", "message": message}]}


def watch(*observations: Observation) -> tuple[list[str], Step[WatchState]]:
    step = Step(WatchState(ARN, 0))
    said: list[str] = []
    for observation in observations:
        step = advance(step.state, observation)
        said += step.lines
        if step.ending is not None:
            break
    return said, step


def verdict(*observations: Observation) -> Verdict | None:
    ending = watch(*observations)[1].ending
    return ending.verdict if ending else None


def test_good_deployment_reads_as_a_transcript() -> None:
    """Each change once; nothing when nothing changed."""
    said, step = watch(
        look(0, "PENDING"),
        look(1, "IN_PROGRESS", 0, 3, service=event(1, "(service hello) has started 3 tasks: (task a).")),
        look(2, "IN_PROGRESS", 0, 3, service=event(1, "(service hello) has started 3 tasks: (task a).")),
        look(3, "IN_PROGRESS", 3, 0),
        look(4, "SUCCESSFUL", 3, 0),
    )
    assert said == [
        "the deployment waits to begin",
        "the new revision: 0 of 3 tasks running",
        "(service hello) has started 3 tasks: (task a).",
        "the deployment is in progress",
        "the new revision: 0 of 3 tasks running, 3 starting",
        "the new revision: 3 of 3 tasks running",
    ]
    assert step.ending is not None
    assert step.ending.sentence == "3 tasks of the new revision are in service."


def test_rollback_is_not_success() -> None:
    """The service is stable again, and yet the verdict is rolled back, with ECS's reason."""
    breaker = {"deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}}
    reason = {"rollback": {"reason": "Service deployment rolled back because the circuit breaker tripped."}}
    said, step = watch(
        look(0, "IN_PROGRESS", 0, 3),
        look(1, "IN_PROGRESS", 0, 1, deployment=breaker),
        look(2, "ROLLBACK_IN_PROGRESS", 0, 0, deployment={**breaker, **reason}),
        look(3, "ROLLBACK_SUCCESSFUL", 0, 0, deployment={**breaker, **reason}),
    )
    assert "circuit breaker: 3 of 3 failures" in said
    assert "ECS is rolling back" in said
    assert step.ending is not None
    assert step.ending.verdict is Verdict.ROLLED_BACK
    assert step.ending.sentence.endswith("because the circuit breaker tripped.")


def test_first_deployment_that_fails_had_nothing_to_go_back_to() -> None:
    """To say that the rollback failed would send people looking for what is wrong with it."""
    none = "No rollback candidate was found to run the rollback."
    reason = "Service deployment rolled back because the circuit breaker threshold was exceeded."
    failed = {"statusReason": none, "rollback": {"reason": reason}}
    ending = watch(look(0, "IN_PROGRESS", 0, 3), look(1, "ROLLBACK_FAILED", deployment=failed))[1].ending
    assert ending is not None
    assert ending.verdict is Verdict.ERROR
    assert ending.sentence == (
        f"the deployment failed, and there is no earlier one to roll back to. {reason}"
    )
    other = look(1, "ROLLBACK_FAILED", deployment={"statusReason": "It was stopped.", **reason_only(reason)})
    ending = watch(look(0, "IN_PROGRESS", 0, 3), other)[1].ending
    assert ending is not None
    assert ending.sentence == f"the rollback failed too. {reason}"


def reason_only(reason: str) -> dict[str, Any]:
    return {"rollback": {"reason": reason}}


def test_superseded_is_told_from_stopped() -> None:
    """Both are STOPPED to ECS; a newer deployment makes the difference, at once."""
    assert verdict(look(0, "STOP_REQUESTED", newest_deployment_arn=NEWER)) is Verdict.SUPERSEDED
    assert verdict(look(0, "STOPPED", newest_deployment_arn=NEWER)) is Verdict.SUPERSEDED
    assert verdict(look(0, "STOPPED", newest_deployment_arn=ARN)) is Verdict.STOPPED
    assert verdict(look(0, "STOP_REQUESTED", newest_deployment_arn=ARN)) is None


def test_pause_hook_ends_the_watch_politely() -> None:
    """The hook's id and what ECS will do without an answer."""
    hook = {"status": "AWAITING_ACTION", "hookId": "ecs-pause-1", "timeoutAction": "ROLLBACK"}
    stage = {"lifecycleStage": "POST_SCALE_UP", "lifecycleHookDetails": [hook]}
    ending = watch(look(0, "IN_PROGRESS", deployment=stage))[1].ending
    assert ending is not None
    assert ending.verdict is Verdict.PAUSED
    assert "POST_SCALE_UP for an answer to hook ecs-pause-1; without one ECS will ROLLBACK" in ending.sentence


def shifting(moment_s: float, stage: str, share: float, *hooks: dict[str, Any]) -> Observation:
    target = {"requestedTaskCount": 3, "runningTaskCount": 3, "requestedProductionTrafficWeight": share}
    members = {"lifecycleStage": stage, "lifecycleHookDetails": list(hooks), "targetServiceRevision": target}
    return look(moment_s, "IN_PROGRESS", deployment=members)


def test_a_shift_of_traffic_reads_as_a_transcript() -> None:
    """Stages, weights and what became of hooks, each once; a pause ends it with all that is needed."""
    arn = "arn:aws:lambda:us-east-1:000000000000:function:check"
    check = {"hookId": "ecs-lambda-1", "targetArn": arn, "status": "IN_PROGRESS"}
    done = check | {"status": "SUCCEEDED"}
    pause = {
        "hookId": "ecs-pause-2",
        "status": "AWAITING_ACTION",
        "timeoutAction": "CONTINUE",
        "expiresAt": datetime(2026, 11, 26, 12, 30, 59, tzinfo=UTC),
    }
    said, step = watch(
        shifting(0, "SCALE_UP", 0.0),
        shifting(1, "POST_SCALE_UP", 0.0, check),
        shifting(2, "POST_SCALE_UP", 0.0, check),
        shifting(3, "PRODUCTION_TRAFFIC_SHIFT", 10.0, done),
        shifting(4, "POST_PRODUCTION_TRAFFIC_SHIFT", 10.0, done, pause),
    )
    assert said == [
        "the deployment is in progress",
        "stage SCALE_UP",
        "the new revision: 3 of 3 tasks running",
        "stage POST_SCALE_UP",
        "hook ecs-lambda-1 (check) is in progress",
        "stage PRODUCTION_TRAFFIC_SHIFT",
        "production traffic: 10 % to the new revision",
        "hook ecs-lambda-1 (check) succeeded",
        "stage POST_PRODUCTION_TRAFFIC_SHIFT",
        "hook ecs-pause-2 waits for an answer",
    ]
    assert step.ending is not None
    assert step.ending.sentence == (
        "the deployment waits at POST_PRODUCTION_TRAFFIC_SHIFT for an answer to hook ecs-pause-2; "
        "without one ECS will CONTINUE at 2026-11-26 12:30 UTC. "
        "Answer with `shipway approve` or `shipway reject`."
    )


def test_weights_that_go_back_are_told() -> None:
    """A rollback takes the traffic away in one step; nothing waits for an answer any more."""
    waits = {"hookId": "ecs-pause-2", "status": "AWAITING_ACTION"}
    back = {
        "targetServiceRevision": {"requestedProductionTrafficWeight": 0.0},
        "lifecycleHookDetails": [waits],
    }
    said, step = watch(shifting(0, "BAKE_TIME", 100.0), look(1, "ROLLBACK_IN_PROGRESS", deployment=back))
    assert "production traffic: 100 % to the new revision" in said
    assert "production traffic: 0 % to the new revision" in said
    assert step.ending is None


def test_an_answered_hook_that_still_shows_is_no_pause() -> None:
    """ECS tells a moment late that it has the answer; the next step's pause has another id."""
    waits = {"hookId": "ecs-pause-1", "status": "AWAITING_ACTION"}
    answered = WatchState(ARN, 0, answered=frozenset(["ecs-pause-1"]))
    assert advance(answered, shifting(0, "BAKE_TIME", 10.0, waits)).ending is None
    ending = advance(answered, shifting(0, "BAKE_TIME", 10.0, waits | {"hookId": "ecs-pause-2"})).ending
    assert ending is not None
    assert "hook ecs-pause-2" in ending.sentence


def test_of_several_waiting_hooks_the_command_names_one() -> None:
    """As `approve` would ask for it."""
    waits = [{"hookId": f"ecs-pause-{number}", "status": "AWAITING_ACTION"} for number in (1, 2)]
    ending = advance(WatchState(ARN, 0, place=" -s a/b"), shifting(0, "POST_SCALE_UP", 0.0, *waits)).ending
    assert ending is not None
    assert "hook ecs-pause-1 and hook ecs-pause-2" in ending.sentence
    assert "`shipway approve -s a/b --hook ecs-pause-1`" in ending.sentence


@pytest.mark.parametrize(
    ("hopeless", "older", "patience_s"), [(False, 0, 30), (True, 0, 8), (False, 2, 330), (True, 2, 8)]
)
def test_tasks_that_cannot_be_placed_end_the_watch(hopeless: bool, older: int, patience_s: int) -> None:
    """Soon when no instance could ever hold them, late when old tasks may still make room."""
    service = event(1, UNPLACED) | {"deployments": [{"status": "ACTIVE", "runningCount": older}]}
    early = look(patience_s - 1, "IN_PROGRESS", 0, 0, service=service, hopeless=hopeless)
    late = look(patience_s, "IN_PROGRESS", 0, 0, service=service, hopeless=hopeless)
    first = look(0, "IN_PROGRESS", 0, 0, service=service)
    assert verdict(first, early) is None
    ending = watch(first, early, late)[1].ending
    assert ending is not None
    assert ending.verdict is Verdict.ERROR
    assert "insufficient memory" in ending.sentence


def test_placement_that_succeeds_after_all_is_forgiven() -> None:
    """Instances may register late; once every task has its place, the old event means nothing."""
    service = event(1, UNPLACED)
    assert (
        verdict(
            look(0, "IN_PROGRESS", 0, 0, service=service),
            look(5, "IN_PROGRESS", 0, 3, service=service),
            look(100, "IN_PROGRESS", 2, 1, service=service),
        )
        is None
    )


def test_deleted_service_ends_the_watch() -> None:
    """There is nothing left to follow. One that was made just now may show a little later."""
    fresh = WatchState(ARN, 0)
    assert advance(fresh, Observation(19_000, None, None)).ending is None
    known = advance(fresh, look(0, "IN_PROGRESS")).state
    for state, moment_ms in ((fresh, 20_000), (known, 1_000)):
        ending = advance(state, Observation(moment_ms, None, None)).ending
        assert ending is not None
        assert ending.verdict is Verdict.STOPPED


def test_timeout_says_what_ecs_said_last() -> None:
    """A time-out because of placement names it."""
    state = advance(WatchState(ARN, 0, 20), look(0, "IN_PROGRESS", service=event(1, UNPLACED))).state
    assert advance(state, look(19, "IN_PROGRESS")).ending is None
    ending = advance(state, look(20, "IN_PROGRESS")).ending
    assert ending is not None
    assert ending.verdict is Verdict.TIMED_OUT
    assert ending.sentence == (
        f"the deployment did not end within 20 s; it goes on without us. ECS says: {UNPLACED}"
    )


def test_end_in_the_last_look_is_the_verdict() -> None:
    """Whoever looks late must not call a deployment that is done a time-out."""
    ending = advance(WatchState(ARN, 0, 20), look(30, "SUCCESSFUL", 3)).ending
    assert ending is not None
    assert ending.verdict is Verdict.DEPLOYED


def test_who_leaves_by_choice_is_told_apart_from_who_is_cut_off() -> None:
    """Both learn how to look again; only the choice is a success."""
    chosen, cut_off = (left(answer, "shipway status", "shipway wait A") for answer in ("detach", "leave"))
    assert (chosen.verdict.exit_code, cut_off.verdict.exit_code) == (0, 130)
    assert "see it with `shipway status`, or follow it to its end with `shipway wait A`" in cut_off.sentence


def test_every_verdict_has_its_own_code() -> None:
    """As the design lists them."""
    assert {found.value: found.exit_code for found in Verdict} == {
        "deployed": 0,
        "unchanged": 0,
        "detached": 0,
        "error": 1,
        "lost sight": 1,
        "not begun": 1,
        "rolled back": 3,
        "superseded": 4,
        "paused": 5,
        "stopped": 6,
        "timed out": 7,
        "refused": 8,
        "interrupted": 130,
    }
