"""Steady state: entered, told again every few hours, left."""

from __future__ import annotations

from shipway.model.actions import Action, SetSteady
from shipway.scheduler.deployments import rolled_out
from shipway.scheduler.events import STEADY, Narrator
from shipway.scheduler.survey import Survey


def is_steady(survey: Survey, completing: bool) -> bool:
    """One deployment, completed; all tasks healthy; none on its way in or out."""
    complete = completing or survey.target.revision.rollout_state == "COMPLETED"
    return complete and rolled_out(survey) and not survey.leaving


def steady_actions(survey: Survey, steady: bool, narrator: Narrator) -> tuple[Action, ...]:
    service, now_ms = survey.snapshot.service, survey.snapshot.now_ms
    entered = steady and (service.steady_at is None or now_ms >= repeat_at(survey))
    left = not steady and service.steady_at is not None
    if not entered and not left:
        return ()
    reason = f"{survey.desired_count} tasks are healthy." if entered else "Tasks come, go or are not healthy."
    action = SetSteady(service_arn=service.service_arn, steady=steady, reason=reason)
    return (action, *(narrator.tell(STEADY, reason) if entered else ()))


def repeat_at(survey: Survey) -> int:
    since = survey.snapshot.service.steady_at
    return (survey.snapshot.now_ms if since is None else since) + survey.snapshot.timing.steady_repeat_ms
