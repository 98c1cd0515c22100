"""The life of a service deployment as long as it goes well: begun, watched, completed; or superseded."""

from __future__ import annotations

from shipway.model.actions import (
    Action,
    BeginDeployment,
    CompleteDeployment,
    CountFailures,
    MarkHealthy,
    ResetFailures,
)
from shipway.scheduler.early_success import bake_time_ms
from shipway.scheduler.events import Narrator, completed
from shipway.scheduler.failure_monitors import (
    circuit_breaker_threshold,
    failure_count,
    failures_forgotten,
    in_alarm,
)
from shipway.scheduler.shift.superseded import joining, left_behind, superseded
from shipway.scheduler.survey import Survey


def begun_and_superseded(survey: Survey) -> tuple[Action, ...]:
    """PENDING becomes IN_PROGRESS; what is in progress beside the current one has been superseded."""
    current = survey.current
    begins = current is not None and current.status == "PENDING"
    # What a superseded one says about target groups comes after, and counts.
    actions: list[Action] = [*(joining(survey) if begins else ())]
    for deployment in survey.snapshot.service_deployments:
        if deployment.in_progress and deployment is not current:
            actions.extend(superseded(survey, deployment))
    if current is not None and current.status == "PENDING":
        actions.extend(left_behind(survey))
        configuration = survey.snapshot.service.deployment_configuration
        actions.append(
            BeginDeployment(
                service_deployment_arn=current.service_deployment_arn,
                circuit_breaker_status=monitoring(configuration.circuit_breaker.enable),
                alarms_status=monitoring(configuration.alarms.enable),
                alarms_ignored=in_alarm(survey.snapshot, configuration.alarms),
                reason=f"{survey.target.revision.deployment_id} is to be rolled out.",
            )
        )
    return tuple(actions)


def monitoring(enable: bool) -> str:
    return "MONITORING" if enable else "DISABLED"


def marked_health(survey: Survey) -> tuple[Action, ...]:
    """Keeps `healthy_at`. A task that became healthy clears the failures before it, if so configured."""
    now_ms = survey.snapshot.now_ms
    actions: list[Action] = []
    for condition in survey.live:
        task = condition.task
        if condition.healthy != (task.healthy_at is not None):
            actions.append(
                MarkHealthy(
                    task_arn=task.task_arn,
                    version=task.version,
                    healthy_at=now_ms if condition.healthy else None,
                    reason="Its checks say healthy."
                    if condition.healthy
                    else "Its checks no longer say healthy.",
                )
            )
    revision = survey.target.revision
    if survey.failed_tasks and failures_forgotten(survey):
        actions.append(
            ResetFailures(
                service_revision_arn=revision.service_revision_arn,
                failures_since=now_ms,
                reason="A task of the deployment became healthy.",
            )
        )
    return tuple(actions)


def counted_failures(survey: Survey) -> tuple[Action, ...]:
    current, breaker = survey.current, survey.snapshot.service.deployment_configuration.circuit_breaker
    if current is None or not breaker.enable:
        return ()
    if survey.rolling_back:
        return ()  # what it shows is the count that triggered it
    count = failure_count(survey)
    if current.failure_count == count:
        return ()
    threshold = circuit_breaker_threshold(breaker, survey.desired_count)
    return (
        CountFailures(
            service_deployment_arn=current.service_deployment_arn,
            failure_count=count,
            reason=f"The circuit breaker's threshold is {threshold}.",
        ),
    )


def completion(survey: Survey, narrator: Narrator) -> tuple[Action, ...]:
    revision, current = survey.target.revision, survey.current
    reason = f"{survey.staying_healthy} of {survey.desired_count} tasks are healthy."
    action = CompleteDeployment(
        service_arn=revision.service_arn,
        service_revision_arn=revision.service_revision_arn,
        service_deployment_arn=current.service_deployment_arn if current else None,
        status="ROLLBACK_SUCCESSFUL" if survey.rolling_back else "SUCCESSFUL",
        reason=reason,
    )
    return (action, *narrator.tell(completed(revision.deployment_id), reason))


def rolled_out(survey: Survey) -> bool:
    """The PRIMARY revision has its healthy tasks, and nobody else has any."""
    alone = not any(source.live or source.leaving for source in survey.sources)
    exact = len(survey.target.live) == len(survey.staying) == survey.staying_healthy == survey.desired_count
    return alone and exact


def bake_until(survey: Survey) -> int:
    """When the bake time is over: it counts from the last task to become healthy, or old one to stop."""
    bake_ms = bake_time_ms(survey)
    if not bake_ms:
        return 0
    now_ms, target_id = survey.snapshot.now_ms, survey.target.revision.deployment_id
    healthy = [c.task.healthy_at if c.task.healthy_at is not None else now_ms for c in survey.target.live]
    gone = [t.stopped_at or 0 for t in survey.snapshot.tasks if t.stopped and t.deployment_id != target_id]
    since = max([*healthy, *gone, survey.target.revision.created_at])
    return since + bake_ms
