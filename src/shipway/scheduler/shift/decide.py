"""One pass over a service whose deployment shifts traffic: books, verdict, the next stage, or tasks.

At most one stage further in a pass. What a stage needs is looked up, never remembered: after a crash the
same code goes on from what was committed.
"""

from __future__ import annotations

from shipway.model.actions import Action, Plan
from shipway.model.service_revision import ServiceDeployment
from shipway.model.snapshot import ServiceSnapshot
from shipway.scheduler import deployments
from shipway.scheduler.events import Narrator, narrator_of
from shipway.scheduler.shift.course import Course, course_of, healthy
from shipway.scheduler.shift.hooks import expired
from shipway.scheduler.shift.stages import CLEAN_UP
from shipway.scheduler.shift.tasks import TaskMoves, task_moves
from shipway.scheduler.shift.transitions import begun, next_stage, stage_limit, stage_until
from shipway.scheduler.shift.verdict import judged
from shipway.scheduler.steady import is_steady, steady_actions
from shipway.scheduler.survey import Survey, survey_of
from shipway.seams import Ids


def decide_shift(snapshot: ServiceSnapshot, ids: Ids) -> Plan:
    narrator = narrator_of(snapshot, ids)
    survey = survey_of(snapshot)
    deployment = governing(snapshot)
    assert deployment is not None, snapshot.service.service_arn
    course = course_of(survey, deployment)
    books = (
        *deployments.begun_and_superseded(survey),
        *deployments.marked_health(survey),
        *deployments.counted_failures(survey),
    )
    if deployment.status == "PENDING" or is_waiting(survey):
        return Plan(books)
    if not course.shift.begun:
        return Plan((*books, *begun(course)))
    verdict = expired(course) or judged(course, narrator)
    if verdict:
        return Plan((*books, *verdict))
    further = () if course.failed else next_stage(course, ids)
    if further:
        return Plan((*books, *further))
    tasks = task_moves(course, narrator, ids)
    return Plan(
        (*books, *tasks.actions, *finish(course, tasks, narrator)),
        wake_at(course, tasks),
        watches_fleet=tasks.unplaced,
    )


def governing(snapshot: ServiceSnapshot) -> ServiceDeployment | None:
    """The traffic-shifting deployment in progress, or one that failed half-way, until there is another."""
    current = snapshot.service.service_deployment_arn
    primary = snapshot.revisions[0]
    for deployment in snapshot.service_deployments:
        in_progress = deployment.service_deployment_arn == current and deployment.in_progress
        stalled = (
            current is None
            and primary.rollout_state == "FAILED"
            and deployment.target_revision_arn == primary.service_revision_arn
        )
        if in_progress or stalled:
            return deployment if deployment.shift is not None else None
    return None


def is_waiting(survey: Survey) -> bool:
    """A superseded deployment ends with this pass; the next one begins from what it leaves."""
    return any(
        deployment.in_progress and deployment is not survey.current
        for deployment in survey.snapshot.service_deployments
    )


def finish(course: Course, tasks: TaskMoves, narrator: Narrator) -> tuple[Action, ...]:
    """The last stage is over when nobody is left who should go; the service may be steady at once."""
    survey = course.survey
    completing = tasks.still and not course.failed and course.shift.stage == CLEAN_UP and is_done(course)
    completed = deployments.completion(survey, narrator) if completing else ()
    return (*completed, *steady_actions(survey, completing and is_steady(survey, True), narrator))


def is_done(course: Course) -> bool:
    serving = course.blue if course.backwards else course.green
    gone = not any(rollout.live or rollout.leaving for rollout in course.leaving)
    enough = serving is not None and healthy(serving) >= course.survey.desired_count
    return gone and enough


def wake_at(course: Course, tasks: TaskMoves) -> int | None:
    moments = [condition.changes_at or 0 for condition in course.survey.live]
    moments += tasks.pauses
    repeat_ms = course.survey.snapshot.timing.cause_repeat_ms
    moments += [told_at + repeat_ms for told_at in course.survey.snapshot.service.told_at.values()]
    if not course.failed and course.shift.stage is not None:
        moments += [stage_until(course), stage_limit(course)]
        moments += [run.expires_at for run in course.shift.current_runs if run.open]
    return min((moment for moment in moments if moment > course.now_ms), default=None)
