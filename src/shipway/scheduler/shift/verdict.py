"""A traffic-shifting deployment's end before its time: a monitor, a hook, a limit, a rule, or a user."""

from __future__ import annotations

import msgspec

from shipway.model.actions import Action, FailDeployment
from shipway.scheduler import events
from shipway.scheduler.events import Narrator
from shipway.scheduler.failure_monitors import Fired, alarms_fired, fired
from shipway.scheduler.shift.course import Course, may_return
from shipway.scheduler.shift.hooks import hook_failure
from shipway.scheduler.shift.networking import networking_fault
from shipway.scheduler.shift.stages import SCALE_UP
from shipway.scheduler.shift.transitions import overdue
from shipway.scheduler.verdict import (
    ALARMS,
    BREAKER,
    NO_CANDIDATE,
    STOPPED_BY_USER,
    USER,
    Words,
    ended,
    failed,
    rolled_back,
)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    words: Words
    reason: str
    told: str | None = None  # the event, without the service's name
    rollback: bool = True
    trip: Fired | None = None
    asked_for: bool = False


def judged(course: Course, narrator: Narrator) -> tuple[Action, ...]:
    """Once blue is on its way out there is no way back: whoever asks is too late."""
    if course.backwards or course.cleaning_up or course.green.failed:
        return ()
    if course.deployment.status == "STOP_REQUESTED":
        stopped = ended(course.deployment, "STOPPED", STOPPED_BY_USER)
        return (*failed(course.survey, STOPPED_BY_USER), stopped)
    failure = failure_of(course)
    return failing(course, failure, narrator) if failure else ()


def failure_of(course: Course) -> Failure | None:
    if course.deployment.status == "ROLLBACK_REQUESTED":
        return Failure(words=USER, reason="A user asked for it.", asked_for=True)
    trip = tripped(course)
    if trip is not None:
        sentence = events.alarm_detected if trip.by_alarm else events.failed_to_start
        return Failure(
            words=ALARMS if trip.by_alarm else BREAKER,
            reason=trip.reason,
            told=sentence(course.green.revision.deployment_id),
            rollback=trip.rollback,
            trip=trip,
        )
    unfit = networking_fault(course) if course.shift.stage is None else None
    why = hook_failure(course) or unfit or overdue(course)
    if why is None:
        return None
    told = events.failed_because(course.green.revision.deployment_id, why)
    return Failure(words=Words(why, USER.rolling_back, why, why), reason=why, told=told)


def tripped(course: Course) -> Fired | None:
    """The circuit breaker guards SCALE_UP; alarms are watched to the end of BAKE_TIME."""
    trip = fired(course.survey)
    if trip is None or trip.by_alarm or course.shift.stage == SCALE_UP:
        return trip
    alarms = course.survey.snapshot.service.deployment_configuration.alarms
    return alarms_fired(course.survey, alarms)


def failing(course: Course, failure: Failure, narrator: Narrator) -> tuple[Action, ...]:
    """Green is FAILED. Blue is PRIMARY again, if it may be; the way back is the next passes' work."""
    candidate = course.blue.revision if course.blue else None
    if candidate is not None and not (failure.rollback and may_return(course.survey, candidate)):
        candidate = None
    status, why = "STOPPED", failure.words.stopped
    if candidate is not None:
        status, why = "ROLLBACK_IN_PROGRESS", failure.words.rolled_back
    elif failure.rollback:
        status = "STOPPED" if failure.asked_for else "ROLLBACK_FAILED"
        why = f"{failure.words.rolled_back} {NO_CANDIDATE}"
    green, trip = course.green.revision, failure.trip
    fail = FailDeployment(
        service_arn=green.service_arn,
        service_revision_arn=green.service_revision_arn,
        service_deployment_arn=course.deployment.service_deployment_arn,
        rollout_state_reason=failure.words.failed,
        status=status,
        status_reason=why,
        circuit_breaker_triggered=trip is not None and not trip.by_alarm,
        alarms_triggered=trip.alarm_names if trip else (),
        rollback_reason=failure.words.rolled_back if status == "ROLLBACK_FAILED" else None,
        reason=failure.reason,
    )
    told = narrator.tell(failure.told, failure.reason) if failure.told else ()
    back = rolled_back(course.survey, candidate, failure.words, narrator) if candidate else ()
    return (fail, *told, *back)
