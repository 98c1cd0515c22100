"""From stage to stage: what a stage waits for, and what is committed with the next one."""

from __future__ import annotations

from shipway.model.actions import Action, BeginShift, EnterStage
from shipway.scheduler.shift.course import Course, green_is_healthy, healthy
from shipway.scheduler.shift.hooks import new_runs, settled
from shipway.scheduler.shift.stages import (
    BAKE_TIME,
    CLEAN_UP,
    PRE_PRODUCTION_TRAFFIC_SHIFT,
    PRE_SCALE_UP,
    PRODUCTION_TRAFFIC_SHIFT,
    RECONCILE_SERVICE,
    SCALE_UP,
    TEST_TRAFFIC_SHIFT,
    Position,
    next_backwards,
    next_forwards,
)
from shipway.scheduler.shift.weights import resolve, resolved_groups, weigh_production, weigh_test
from shipway.seams import Ids

SETTLE_MIN_MS = 250  # a load balancer is no quicker when the control plane's clock is


def begun(course: Course) -> tuple[Action, ...]:
    """Blue and the target groups are chosen once, before the first stage. With no blue there is nothing to
    divide: green gets everything in one step.
    """
    blue = course.blue.revision if course.blue else None
    reason = f"{blue.deployment_id} serves." if blue else "It is the service's first deployment."
    shift = BeginShift(
        service_deployment_arn=course.deployment.service_deployment_arn,
        blue_revision_arn=blue.service_revision_arn if blue else None,
        steps=course.shift.steps if blue else (100.0,),
        reason=reason,
    )
    return (shift, *resolve(course.green.revision, resolved_groups(course), reason))


def next_stage(course: Course, ids: Ids) -> tuple[Action, ...]:
    """The next stage, when this one is over. Nothing otherwise, and nothing after the last."""
    why = over(course)
    if why is None:
        return ()
    if course.backwards:
        position = next_backwards(course.shift)
    else:
        position = next_forwards(course.shift, reconcile=bool(course.others))
    if position is None or not may_enter(course, position):
        return ()
    return entered(course, position, why, ids)


def may_enter(course: Course, position: Position) -> bool:
    """Traffic goes only where enough healthy tasks are."""
    if position.stage != PRODUCTION_TRAFFIC_SHIFT:
        return True
    if course.backwards:
        needed = min(course.survey.limits.lower, healthy(course.green))
        return course.blue is None or healthy(course.blue) >= needed
    return green_is_healthy(course)


def entered(course: Course, position: Position, why: str, ids: Ids) -> tuple[Action, ...]:
    """Weights and stage in one plan: they are committed together."""
    production, test = weights_in(course, position)
    rules, green = course.survey.snapshot.listener_rules, course.green.revision
    stage = EnterStage(
        service_deployment_arn=course.deployment.service_deployment_arn,
        stage=position.stage,
        step=position.step,
        backwards=course.backwards,
        production_weight=production,
        test_weight=test,
        hook_runs=new_runs(course, position, ids),
        reason=why,
    )
    actions: list[Action] = []
    first = position.stage in (RECONCILE_SERVICE, PRE_SCALE_UP)
    if position.stage == PRODUCTION_TRAFFIC_SHIFT or (first and course.blue is not None):
        actions.extend(weigh_production(green, production, rules, why))
    if position.stage == TEST_TRAFFIC_SHIFT:
        actions.extend(weigh_test(green, test, rules, why))
    return (*actions, stage)


def weights_in(course: Course, position: Position) -> tuple[float, float]:
    """Green's production and test weight in a stage."""
    shift = course.shift
    production, test = shift.production_weight, shift.test_weight
    if position.stage == PRODUCTION_TRAFFIC_SHIFT:
        production = 0.0 if course.backwards else shift.steps[position.step - 1]
    if position.stage == TEST_TRAFFIC_SHIFT:
        test = 0.0 if course.backwards else 100.0
    if position.stage == CLEAN_UP:
        test = 0.0
    return production, test


def over(course: Course) -> str | None:
    """Why the stage is over, as a sentence; None while it lasts."""
    shift = course.shift
    if shift.stage is None or (course.backwards and not shift.backwards):
        return "The deployment begins." if not course.backwards else "What was shifted goes back to blue."
    if not settled(course) or course.now_ms < stage_until(course):
        return None
    if shift.stage == SCALE_UP and not green_is_healthy(course):
        return None
    if shift.stage == RECONCILE_SERVICE and any(rollout.live or rollout.leaving for rollout in course.others):
        return None
    return f"{shift.stage} is over."


def stage_until(course: Course) -> int:
    """When the stage's own wait ends."""
    shift, timing = course.shift, course.survey.snapshot.timing
    if shift.stage == BAKE_TIME:
        return shift.stage_started_at + bake_time_ms(course)
    if shift.stage not in (PRODUCTION_TRAFFIC_SHIFT, TEST_TRAFFIC_SHIFT):
        return shift.stage_started_at
    last = shift.backwards or shift.stage == TEST_TRAFFIC_SHIFT or shift.step == len(shift.steps)
    bake_ms = 0 if last else timing.scaled(shift.step_bake_time_ms)
    return shift.stage_started_at + max(bake_ms, timing.weights_settle_ms, SETTLE_MIN_MS)


def bake_time_ms(course: Course) -> int:
    """What the user says; else a while for the alarms to notice."""
    snapshot, configured = course.survey.snapshot, course.shift.bake_time_ms
    if configured is not None:
        return snapshot.timing.scaled(configured)
    return snapshot.timing.alarm_bake_ms if snapshot.service.deployment_configuration.alarms.enable else 0


def stage_limit(course: Course) -> int:
    """When the stage has taken too long. Its hooks have limits of their own, which may be longer."""
    shift, timing = course.shift, course.survey.snapshot.timing
    began = course.deployment.started_at or course.deployment.created_at
    expiries = [run.expires_at for run in shift.current_runs]
    stage = max([shift.stage_started_at + timing.stage_limit_ms, stage_until(course), *expiries])
    return min(stage, began + timing.shift_limit_ms)


def overdue(course: Course) -> str | None:
    """ECS's own sentence is not known. PRE_PRODUCTION_TRAFFIC_SHIFT waits for green's health as well."""
    if course.shift.stage is None or course.now_ms < stage_limit(course) or over_now(course):
        return None
    return f"Service deployment rolled back because {course.shift.stage} timed out."


def over_now(course: Course) -> bool:
    waits = course.shift.stage == PRE_PRODUCTION_TRAFFIC_SHIFT and not green_is_healthy(course)
    return over(course) is not None and not waits
