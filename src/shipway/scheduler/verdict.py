"""A deployment's end before its time: a monitor fired, or a user asked for it. Rolled back where it may."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from shipway.model.actions import Action, FailDeployment, RollBack, StopDeployment
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.scheduler import events
from shipway.scheduler.events import Narrator
from shipway.scheduler.failure_monitors import Fired, fired
from shipway.scheduler.survey import Survey

STOPPED_BY_USER = "Service deployment was stopped by a StopServiceDeployment request."
ROLLED_BACK_BY_USER = "Service deployment rolled back by a StopServiceDeployment request."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."


class Words(msgspec.Struct, frozen=True):
    """Why a deployment failed, in ECS's words; the alarms' are by analogy, the user's are ours."""

    failed: str  # rolloutStateReason of the failed one
    rolling_back: str  # rolloutStateReason of the one rolled back to; its id follows
    stopped: str  # statusReason of the service deployment
    rolled_back: str


BREAKER = Words(
    "ECS deployment circuit breaker: tasks failed to start.",
    "ECS deployment circuit breaker: rolling back to deploymentId",
    "Service deployment stopped because the circuit breaker threshold was exceeded.",
    "Service deployment rolled back because the circuit breaker threshold was exceeded.",
)
ALARMS = Words(
    "ECS deployment alarms: alarm detected.",
    "ECS deployment alarms: rolling back to deploymentId",
    "Service deployment stopped because an alarm was detected.",
    "Service deployment rolled back because an alarm was detected.",
)
USER = Words(
    ROLLED_BACK_BY_USER,
    "ECS deployment: rolling back to deploymentId",
    STOPPED_BY_USER,
    ROLLED_BACK_BY_USER,
)


def judged(survey: Survey, narrator: Narrator) -> tuple[Action, ...]:
    current = survey.current
    if current is not None and current.status == "STOP_REQUESTED":
        return (*failed(survey, STOPPED_BY_USER), ended(current, "STOPPED", STOPPED_BY_USER))
    if current is not None and current.status == "ROLLBACK_REQUESTED":
        return rolled_back_on_request(survey, current, narrator)
    trip = fired(survey)
    return tripped(survey, trip, narrator) if trip else ()


def tripped(survey: Survey, trip: Fired, narrator: Narrator) -> tuple[Action, ...]:
    revision, current = survey.target.revision, survey.current
    words = ALARMS if trip.by_alarm else BREAKER
    rolling = survey.rolling_back
    candidate = rollback_candidate(survey) if trip.rollback and not rolling else None
    status, why = "STOPPED", words.stopped
    if candidate is not None:
        status, why = "ROLLBACK_IN_PROGRESS", words.rolled_back
    elif trip.rollback or rolling:
        status, why = "ROLLBACK_FAILED", words.stopped if rolling else NO_CANDIDATE
    failing = FailDeployment(
        service_arn=revision.service_arn,
        service_revision_arn=revision.service_revision_arn,
        service_deployment_arn=current.service_deployment_arn if current else None,
        rollout_state_reason=words.failed,
        status=status,
        status_reason=why,
        circuit_breaker_triggered=not trip.by_alarm,
        alarms_triggered=trip.alarm_names,
        rollback_reason=words.rolled_back if status == "ROLLBACK_FAILED" and not rolling else None,
        reason=trip.reason,
    )
    sentence = events.alarm_detected if trip.by_alarm else events.failed_to_start
    told = narrator.tell(sentence(revision.deployment_id), trip.reason)
    back = rolled_back(survey, candidate, words, narrator) if candidate else ()
    return (failing, *told, *back)


def rolled_back_on_request(
    survey: Survey, current: ServiceDeployment, narrator: Narrator
) -> tuple[Action, ...]:
    if survey.target.revision.rollout_state == "COMPLETED":
        return (ended(current, "SUCCESSFUL", "The service deployment had completed before."),)
    candidate = rollback_candidate(survey)
    if candidate is None:
        return (*failed(survey, ROLLED_BACK_BY_USER), ended(current, "STOPPED", NO_CANDIDATE))
    return (*failed(survey, ROLLED_BACK_BY_USER), *rolled_back(survey, candidate, USER, narrator))


def rolled_back(
    survey: Survey, candidate: ServiceRevision, words: Words, narrator: Narrator
) -> tuple[Action, ...]:
    """The candidate is PRIMARY and in progress again; what failed before it became so is forgotten."""
    now_ms, current = survey.snapshot.now_ms, survey.current
    again = replace(
        candidate,
        desired_count=survey.desired_count,
        rollout_state="IN_PROGRESS",
        rollout_state_reason=f"{words.rolling_back} {candidate.deployment_id}.",
        updated_at=now_ms,
        failures_since=now_ms,
        start_failures_since=now_ms,
    )
    reason = f"{candidate.deployment_id} is the latest that completed."
    action = RollBack(
        service_arn=candidate.service_arn,
        to_revision=again,
        service_deployment_arn=current.service_deployment_arn if current else None,
        rollback_reason=words.rolled_back,
        reason=reason,
    )
    return (action, *narrator.tell(events.rolling_back(candidate.deployment_id), reason))


def rollback_candidate(survey: Survey) -> ServiceRevision | None:
    """The revision that completed last, if its task definition is still there."""
    candidates = [
        revision
        for revision in survey.snapshot.revisions[1:]
        if revision.completed_at is not None
        and revision.rollout_state == "COMPLETED"
        and revision.task_definition_arn in survey.snapshot.task_definitions
    ]
    return max(candidates, key=lambda r: (r.completed_at or 0, r.service_revision_arn), default=None)


def failed(survey: Survey, why: str) -> tuple[Action, ...]:
    """The revision is FAILED; its service deployment ends, or rolls back, by an action of its own."""
    revision = survey.target.revision
    return (
        FailDeployment(
            service_arn=revision.service_arn,
            service_revision_arn=revision.service_revision_arn,
            service_deployment_arn=None,
            rollout_state_reason=why,
            status="STOPPED",
            status_reason=why,
            reason="A user asked for it.",
        ),
    )


def ended(deployment: ServiceDeployment, status: str, why: str) -> StopDeployment:
    return StopDeployment(
        service_deployment_arn=deployment.service_deployment_arn,
        status=status,
        status_reason=why,
        reason=why,
    )
