"""What a traffic-shifting deployment leaves behind when a newer deployment takes its place."""

from __future__ import annotations

from shipway.model.actions import Action, CompleteDeployment, StopDeployment
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.scheduler.shift.course import Course, course_of, healthy
from shipway.scheduler.shift.weights import resolve, resolved_as_serving, weigh_production, weigh_test
from shipway.scheduler.survey import Survey

SUPERSEDED = "Service deployment was stopped because a newer service deployment was started."
REASON = "A newer service deployment was started."


def superseded(survey: Survey, deployment: ServiceDeployment) -> tuple[Action, ...]:
    """A deployment in progress that is no longer the current one ends."""
    stop = StopDeployment(
        service_deployment_arn=deployment.service_deployment_arn,
        status="STOPPED",
        status_reason=SUPERSEDED,
        reason=REASON,
    )
    if deployment.shift is None:
        return (stop,)
    if course_of(survey, deployment).cleaning_up:
        return (completed_late(deployment),)
    return (*given_back(survey, deployment), stop)


def joining(survey: Survey) -> tuple[Action, ...]:
    """A rolling update that begins registers its tasks with the target groups that serve."""
    current, newer = survey.current, survey.target.revision
    if current is None or current.shift is not None or not shifted(newer):
        return ()
    reason = "The other target group of the pair has no traffic."
    return resolve(newer, resolved_as_serving(newer, survey.snapshot.listener_rules), reason)


def shifted(revision: ServiceRevision) -> bool:
    return any(entry.advanced for entry in revision.load_balancers)


def left_behind(survey: Survey) -> tuple[Action, ...]:
    """The same for the deployment before, when it had failed half-way and was not rolled back."""
    earlier = [each for each in survey.snapshot.service_deployments if each is not survey.current]
    if not earlier or earlier[0].in_progress:
        return ()
    failed = [r.service_revision_arn for r in survey.snapshot.revisions if r.rollout_state == "FAILED"]
    return given_back(survey, earlier[0]) if earlier[0].target_revision_arn in failed else ()


def given_back(survey: Survey, deployment: ServiceDeployment) -> tuple[Action, ...]:
    """Traffic goes to one revision again, so that the newer deployment finds one that serves.

    That is blue, however much had been shifted; but green when only green has healthy tasks.
    """
    shift = deployment.shift
    if shift is None or shift.stage is None or shift.backwards:
        return ()
    course = course_of(survey, deployment)
    to_green = course.blue is None or (bool(healthy(course.green)) and not healthy(course.blue))
    percent = 100.0 if to_green and shift.production_weight else 0.0
    green, rules = course.green.revision, survey.snapshot.listener_rules
    has_blue = course.blue is not None
    return (
        *(weigh_production(green, percent, rules, REASON) if has_blue and shift.production_weight else ()),
        *(weigh_test(green, percent, rules, REASON) if has_blue and shift.test_weight else ()),
        *joined(course, survey, percent),
    )


def joined(course: Course, survey: Survey, percent: float) -> tuple[Action, ...]:
    """A rolling update registers its tasks where the traffic is left."""
    serving = course.green if percent else course.blue
    newer = survey.target.revision
    rolling = survey.current is not None and survey.current.shift is None
    if serving is None or not rolling or not shifted(newer):
        return ()
    used = {binding.target_group_arn for binding in serving.revision.bindings}
    groups = tuple(
        next((arn for arn in entry.pair if arn in used), entry.target_group_arn)
        for entry in newer.load_balancers
    )
    return resolve(newer, groups, REASON)


def completed_late(deployment: ServiceDeployment) -> CompleteDeployment:
    """A deployment whose blue is on its way out has succeeded; the newer one starts from it."""
    return CompleteDeployment(
        service_arn=deployment.service_arn,
        service_revision_arn=deployment.target_revision_arn,
        service_deployment_arn=deployment.service_deployment_arn,
        status="SUCCESSFUL",
        reason="All traffic had been shifted before a newer service deployment was started.",
    )
