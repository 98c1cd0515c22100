"""Lifecycle hooks of a stage: which run, whether the stage may end, why one failed the deployment."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model.actions import Action, RecordHook
from shipway.model.traffic_shift import (
    AWAITING_ACTION,
    FAILED,
    IN_PROGRESS,
    PAUSE,
    TIMED_OUT,
    HookRun,
    LifecycleHook,
    TrafficShift,
)
from shipway.scheduler.shift.course import Course
from shipway.scheduler.shift.stages import STAGES, Position
from shipway.seams import Ids


def new_runs(course: Course, position: Position, ids: Ids) -> tuple[HookRun, ...]:
    """The hooks that are configured for a stage; they run side by side."""
    stage = STAGES[position.stage]
    return tuple(
        new_run(course, number, hook, position, ids)
        for number, hook in enumerate(course.shift.hooks)
        if position.stage in hook.stages
        and (stage.pause_hooks if hook.target_type == PAUSE else stage.lambda_hooks)
    )


def new_run(course: Course, number: int, hook: LifecycleHook, position: Position, ids: Ids) -> HookRun:
    pause = hook.target_type == PAUSE
    return HookRun(
        hook_id=f"ecs-{'pause' if pause else 'lambda'}-{ids.word43()}",
        hook=number,
        stage=position.stage,
        step=position.step,
        backwards=course.backwards,
        target_type=hook.target_type,
        target_arn=hook.target_arn,
        status=AWAITING_ACTION if pause else IN_PROGRESS,
        expires_at=course.now_ms + course.survey.snapshot.timing.scaled(hook.timeout_ms),
        timeout_action=hook.timeout_action,
        execution_id="" if pause else ids.uuid(),
        call_at=course.now_ms,
        details=details_of(course.shift, number, hook),
    )


def details_of(shift: TrafficShift, number: int, hook: LifecycleHook) -> Any:
    """As configured, with what the hook's answers added at the stages before."""
    configured = hook.verbatim.get("hookDetails")
    earlier = [run.details for run in shift.hook_runs if run.hook == number]
    return earlier[-1] if earlier else configured


def merged(details: Any, returned: Any) -> Any:
    """Documents member by member; anything else is replaced by what was returned."""
    if isinstance(details, dict) and isinstance(returned, dict):
        return {**details, **returned}
    return details if returned is None else returned


def expired(course: Course) -> tuple[Action, ...]:
    """Hooks whose time is over while nobody answered."""
    return tuple(
        RecordHook(
            service_deployment_arn=course.deployment.service_deployment_arn,
            run=replace(run, status=TIMED_OUT),
            reason=f"Nobody settled it in time; its timeout action is {run.timeout_action}.",
        )
        for run in course.shift.current_runs
        if run.open and run.expires_at <= course.now_ms
    )


def settled(course: Course) -> bool:
    """Every hook of the stage lets it end. On the way back they are told, and not asked."""
    runs = course.shift.current_runs
    return not any(run.open for run in runs) and (course.backwards or all(run.lets_pass for run in runs))


def hook_failure(course: Course) -> str | None:
    """Why the deployment has to be rolled back, in ECS's words."""
    for run in course.shift.current_runs:
        if run.status == FAILED or (run.status == TIMED_OUT and not run.lets_pass):
            return failure_text(run)
    return None


def failure_text(run: HookRun) -> str:
    rolled_back = f"Service deployment rolled back because {run.stage}"
    if run.target_type == PAUSE and run.status == TIMED_OUT:
        return f"{rolled_back} pause hook timed out."
    if run.target_type == PAUSE:  # ECS's own sentence is not known
        return f"{rolled_back} pause hook was answered with ROLLBACK."
    cause = run.failure or f"Lifecycle hook target {run.target_arn} timed out."
    return f"{rolled_back} lifecycle hook(s) failed. {cause}"
