"""What can fail a deployment while it runs: the circuit breaker, and CloudWatch alarms.

Every deployment strategy asks `fired`. Whichever monitor fires first fails the deployment, and its own
rollback flag decides what follows; when both fire in one pass the circuit breaker speaks.
"""

from __future__ import annotations

import msgspec

from shipway.model.service import CircuitBreaker, DeploymentAlarms
from shipway.model.snapshot import ServiceSnapshot
from shipway.scheduler.image_digests import ATTEMPTS, is_unsettled
from shipway.scheduler.survey import Survey

BOUNDED_MIN = 3
BOUNDED_MAX = 200


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that fired, and what it saw."""

    rollback: bool  # what the configuration of this monitor asks for
    failure_count: int = 0  # the circuit breaker's
    threshold: int = 0
    unsettled: bool = False  # it was the first task, whose images' digests the others would take
    alarm_names: tuple[str, ...] = ()  # the alarms in ALARM; none when the circuit breaker fired

    @property
    def by_alarm(self) -> bool:
        return bool(self.alarm_names)

    @property
    def reason(self) -> str:
        if self.by_alarm:
            return f"In ALARM: {', '.join(self.alarm_names)}."
        if self.unsettled:
            return f"The first task failed {self.failure_count} times, so no image digest is known."
        return f"{self.failure_count} tasks failed; the circuit breaker's threshold is {self.threshold}."


def fired(survey: Survey) -> Fired | None:
    """The monitor that fails the PRIMARY deployment now, if any does. Only one in progress can fail."""
    if not survey.target.in_progress:
        return None
    configuration = survey.snapshot.service.deployment_configuration
    return breaker_fired(survey, configuration.circuit_breaker) or alarms_fired(survey, configuration.alarms)


def breaker_fired(survey: Survey, breaker: CircuitBreaker) -> Fired | None:
    if not breaker.enable:
        return None
    count, threshold = failure_count(survey), circuit_breaker_threshold(breaker, survey.desired_count)
    unsettled = count >= ATTEMPTS and is_unsettled(survey)
    if count < threshold and not unsettled:
        return None
    return Fired(
        rollback=breaker.rollback,
        failure_count=count,
        threshold=threshold,
        unsettled=count < threshold,
    )


def alarms_fired(survey: Survey, alarms: DeploymentAlarms) -> Fired | None:
    """Not before a deployment has begun: what is in ALARM then will be ignored. And not during a rollback:
    the alarm that caused it may well last until it is over.
    """
    current = survey.current
    if current is None or current.status != "IN_PROGRESS":
        return None
    ignored = current.alarms_ignored
    names = tuple(name for name in in_alarm(survey.snapshot, alarms) if name not in ignored)
    return Fired(rollback=alarms.rollback, alarm_names=names) if names else None


def in_alarm(snapshot: ServiceSnapshot, alarms: DeploymentAlarms) -> tuple[str, ...]:
    names = alarms.names if alarms.enable else ()
    return tuple(name for name in names if snapshot.alarms.get(name) == "ALARM")


def circuit_breaker_threshold(breaker: CircuitBreaker, desired_count: int) -> int:
    """How many failed tasks fail the deployment, by the service's latest desired count."""
    share = -(-breaker.threshold_value * desired_count // 100)
    if breaker.threshold_type == "COUNT":
        return max(1, breaker.threshold_value)
    if breaker.threshold_type == "UNBOUNDED_PERCENT":
        return max(1, share)
    return max(BOUNDED_MIN, min(BOUNDED_MAX, share))


def failure_count(survey: Survey) -> int:
    """`failedTasks` of the PRIMARY deployment as this pass leaves it."""
    return 0 if failures_forgotten(survey) else survey.failed_tasks


def failures_forgotten(survey: Survey) -> bool:
    """A task became healthy in this pass, and that clears the failures before it, if so configured."""
    resets = survey.snapshot.service.deployment_configuration.circuit_breaker.reset_on_healthy_task
    return resets and any(c.healthy and c.task.healthy_at is None for c in survey.target.live)
