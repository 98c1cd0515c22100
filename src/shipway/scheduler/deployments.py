"""The life of a service deployment: begun, superseded, stopped, failed and rolled back, completed."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model.actions import (
    Action,
    BeginDeployment,
    CompleteDeployment,
    CountFailures,
    FailDeployment,
    MarkHealthy,
    ResetFailures,
    RollBack,
    StopDeployment,
)
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.scheduler.events import Narrator, completed, failed_to_start, rolling_back
from shipway.scheduler.failures import breaker_threshold, failed_tasks
from shipway.scheduler.survey import Survey

SUPERSEDED = "Service deployment was stopped because a newer service deployment was started."
STOPPED_BY_USER = "Service deployment was stopped by a StopServiceDeployment request."
ROLLED_BACK_BY_USER = "Service deployment rolled back by a StopServiceDeployment request."
BREAKER_STOPPED = "Service deployment stopped because the circuit breaker threshold was exceeded."
BREAKER_ROLLED_BACK = "Service deployment rolled back because the circuit breaker threshold was exceeded."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
ROLLING_BACK = {
    BREAKER_ROLLED_BACK: "ECS deployment circuit breaker: rolling back to deploymentId",
    ROLLED_BACK_BY_USER: "ECS deployment: rolling back to deploymentId",  # ECS's own text is not known
}
BREAKER_REASON = "ECS deployment circuit breaker: tasks failed to start."


def begun_and_superseded(survey: Survey) -> tuple[Action, ...]:
    """PENDING becomes IN_PROGRESS; what is in progress beside the current one has been superseded."""
    current = survey.current
    actions: list[Action] = [
        StopDeployment(
            service_deployment_arn=deployment.service_deployment_arn,
            status="STOPPED",
            status_reason=SUPERSEDED,
            reason="A newer service deployment was started.",
        )
        for deployment in survey.snapshot.service_deployments
        if deployment.in_progress and deployment is not current
    ]
    if current is not None and current.status == "PENDING":
        breaker = survey.snapshot.service.deployment_configuration.circuit_breaker
        actions.append(
            BeginDeployment(
                service_deployment_arn=current.service_deployment_arn,
                circuit_breaker_status="MONITORING" if breaker.enable else "DISABLED",
                reason=f"{survey.target.revision.deployment_id} is to be rolled out.",
            )
        )
    return tuple(actions)


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
    if failures_forgotten(survey) and failed_tasks(revision, survey.snapshot.tasks):
        actions.append(
            ResetFailures(
                service_revision_arn=revision.service_revision_arn,
                failures_since=now_ms,
                reason="A task of the deployment became healthy.",
            )
        )
    return tuple(actions)


def failures_forgotten(survey: Survey) -> bool:
    resets = survey.snapshot.service.deployment_configuration.circuit_breaker.reset_on_healthy_task
    return resets and any(c.healthy and c.task.healthy_at is None for c in survey.target.live)


def failure_count(survey: Survey) -> int:
    if failures_forgotten(survey):
        return 0
    return failed_tasks(survey.target.revision, survey.snapshot.tasks)


def counted_failures(survey: Survey) -> tuple[Action, ...]:
    current, count = survey.current, failure_count(survey)
    breaker = survey.snapshot.service.deployment_configuration.circuit_breaker
    if current is None or not breaker.enable or current.failure_count == count:
        return ()
    if current.status == "ROLLBACK_IN_PROGRESS":
        return ()  # what it shows is the count that triggered it
    threshold = breaker_threshold(breaker, survey.desired_count)
    return (
        CountFailures(
            service_deployment_arn=current.service_deployment_arn,
            failure_count=count,
            reason=f"The circuit breaker's threshold is {threshold}.",
        ),
    )


def judged(survey: Survey, narrator: Narrator) -> tuple[Action, ...]:
    """The deployment's end before its time: asked for by the user, or the circuit breaker's doing."""
    current = survey.current
    if current is not None and current.status == "STOP_REQUESTED":
        return (*failed(survey, STOPPED_BY_USER), ended(current, "STOPPED", STOPPED_BY_USER))
    if current is not None and current.status == "ROLLBACK_REQUESTED":
        return rolled_back_on_request(survey, current, narrator)
    return tripped(survey, narrator)


def tripped(survey: Survey, narrator: Narrator) -> tuple[Action, ...]:
    breaker = survey.snapshot.service.deployment_configuration.circuit_breaker
    count, threshold = failure_count(survey), breaker_threshold(breaker, survey.desired_count)
    if not breaker.enable or not survey.target.in_progress or count < threshold:
        return ()
    revision, current = survey.target.revision, survey.current
    rolling = current is not None and current.status == "ROLLBACK_IN_PROGRESS"
    candidate = rollback_candidate(survey) if breaker.rollback and not rolling else None
    status, why = "STOPPED", BREAKER_STOPPED
    if candidate is not None:
        status, why = "ROLLBACK_IN_PROGRESS", BREAKER_ROLLED_BACK
    elif breaker.rollback or rolling:
        status, why = "ROLLBACK_FAILED", NO_CANDIDATE if not rolling else BREAKER_STOPPED
    reason = f"{count} tasks failed; the circuit breaker's threshold is {threshold}."
    failing = FailDeployment(
        service_arn=revision.service_arn,
        service_revision_arn=revision.service_revision_arn,
        service_deployment_arn=current.service_deployment_arn if current else None,
        rollout_state_reason=BREAKER_REASON,
        status=status,
        status_reason=why,
        failure_count=count,
        reason=reason,
    )
    told = narrator.tell(failed_to_start(revision.deployment_id), reason)
    back = rolled_back(survey, candidate, why, narrator) if candidate else ()
    return (failing, *told, *back)


def rolled_back_on_request(
    survey: Survey, current: ServiceDeployment, narrator: Narrator
) -> tuple[Action, ...]:
    if survey.target.revision.rollout_state == "COMPLETED":
        return (ended(current, "SUCCESSFUL", "The service deployment had completed before."),)
    candidate = rollback_candidate(survey)
    if candidate is None:
        return (*failed(survey, ROLLED_BACK_BY_USER), ended(current, "STOPPED", NO_CANDIDATE))
    return (
        *failed(survey, ROLLED_BACK_BY_USER),
        *rolled_back(survey, candidate, ROLLED_BACK_BY_USER, narrator),
    )


def rolled_back(
    survey: Survey, candidate: ServiceRevision, why: str, narrator: Narrator
) -> tuple[Action, ...]:
    """The candidate is PRIMARY and in progress again; what failed before it became so is forgotten."""
    now_ms, current = survey.snapshot.now_ms, survey.current
    again = replace(
        candidate,
        rollout_state="IN_PROGRESS",
        rollout_state_reason=f"{ROLLING_BACK[why]} {candidate.deployment_id}.",
        updated_at=now_ms,
        failures_since=now_ms,
        start_failures_since=now_ms,
    )
    reason = f"{candidate.deployment_id} is the latest that completed."
    action = RollBack(
        service_arn=candidate.service_arn,
        to_revision=again,
        service_deployment_arn=current.service_deployment_arn if current else None,
        rollback_reason=why,
        reason=reason,
    )
    return (action, *narrator.tell(rolling_back(candidate.deployment_id), reason))


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


def completion(survey: Survey, narrator: Narrator) -> tuple[Action, ...]:
    revision, current = survey.target.revision, survey.current
    rolling_back_now = current is not None and current.status == "ROLLBACK_IN_PROGRESS"
    reason = f"{survey.desired_count} tasks are healthy and no other revision has tasks."
    action = CompleteDeployment(
        service_arn=revision.service_arn,
        service_revision_arn=revision.service_revision_arn,
        service_deployment_arn=current.service_deployment_arn if current else None,
        status="ROLLBACK_SUCCESSFUL" if rolling_back_now else "SUCCESSFUL",
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
    configured_ms = survey.snapshot.service.deployment_configuration.bake_time_ms
    bake_ms = survey.snapshot.timing.scaled(configured_ms)
    if not bake_ms:
        return 0
    now_ms, target_id = survey.snapshot.now_ms, survey.target.revision.deployment_id
    healthy = [c.task.healthy_at if c.task.healthy_at is not None else now_ms for c in survey.target.live]
    gone = [t.stopped_at or 0 for t in survey.snapshot.tasks if t.stopped and t.deployment_id != target_id]
    return max([*healthy, *gone, survey.target.revision.created_at]) + bake_ms
