"""The deployments of a managed daemon: begun, superseded, counted, failed and rolled back."""

from __future__ import annotations

import msgspec

from shipway.model.actions import (
    Action,
    BeginDaemonDeployment,
    CountDaemonFailures,
    EndDaemonDeployment,
    RollBackDaemon,
)
from shipway.model.daemon import DaemonDeployment, DaemonRevision
from shipway.model.service import CircuitBreaker
from shipway.scheduler.daemon_stations import DaemonSnapshot, Station
from shipway.scheduler.failure_monitors import circuit_breaker_threshold
from shipway.scheduler.failures import failed_tasks

SUPERSEDED = "Daemon deployment was stopped because a newer daemon deployment was started."
BREAKER = "because the circuit breaker threshold was exceeded."
ALARMS = "because an alarm was detected."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
ALWAYS_ON = CircuitBreaker(enable=True, rollback=True)


class Failed(msgspec.Struct, frozen=True):
    why: str
    reason: str
    alarm_names: tuple[str, ...] = ()


def begun_and_superseded(snapshot: DaemonSnapshot) -> tuple[Action, ...]:
    current = snapshot.deployment
    actions: list[Action] = [
        EndDaemonDeployment(
            daemon_deployment_arn=deployment.daemon_deployment_arn,
            status="STOPPED",
            status_reason=SUPERSEDED,
            reason="A newer daemon deployment was started.",
        )
        for deployment in snapshot.deployments
        if deployment.in_progress and deployment is not current
    ]
    if current is not None and current.status == "PENDING":
        alarms = current.configuration.alarms
        actions.append(
            BeginDaemonDeployment(
                daemon_deployment_arn=current.daemon_deployment_arn,
                alarms_status="MONITORING" if alarms.enable else "DISABLED",
                alarms_ignored=in_alarm(snapshot, current),
                reason=f"{snapshot.daemon.daemon_name} is to be rolled out.",
            )
        )
    return tuple(actions)


def counted(snapshot: DaemonSnapshot, stations: tuple[Station, ...]) -> tuple[Action, ...]:
    """What a rollback shows is the count that brought it about."""
    current, count = snapshot.deployment, failure_count(snapshot)
    rolling = current is not None and current.status in ("PENDING", "IN_PROGRESS")
    if current is None or not rolling or current.failure_count == count:
        return ()
    threshold = breaker_threshold(len(stations))
    return (
        CountDaemonFailures(
            daemon_deployment_arn=current.daemon_deployment_arn,
            failure_count=count,
            reason=f"The circuit breaker's threshold is {threshold}.",
        ),
    )


def judged(snapshot: DaemonSnapshot, stations: tuple[Station, ...]) -> tuple[Action, ...]:
    """A deployment that failed: back to what ran before. Without that, it is over and tasks are tried on."""
    current = snapshot.deployment
    failed = failure_of(snapshot, current, len(stations)) if current is not None else None
    if current is None or failed is None:
        return ()
    candidate = rollback_candidate(snapshot) if current.status == "IN_PROGRESS" else None
    if candidate is None:
        first = current.status == "IN_PROGRESS"
        why = f"Daemon deployment {'stopped' if first else 'failed to roll back'} {failed.why}"
        return (
            EndDaemonDeployment(
                daemon_deployment_arn=current.daemon_deployment_arn,
                status="STOPPED" if first else "ROLLBACK_FAILED",
                status_reason=f"{why} {NO_CANDIDATE}" if first else why,
                triggered=True,
                reason=failed.reason,
            ),
        )
    return (
        RollBackDaemon(
            daemon_arn=snapshot.daemon.daemon_arn,
            daemon_deployment_arn=current.daemon_deployment_arn,
            to_revision_arn=candidate.daemon_revision_arn,
            rollback_reason=f"Daemon deployment rolled back {failed.why}",
            alarms_triggered=failed.alarm_names,
            reason=failed.reason,
        ),
    )


def failure_of(snapshot: DaemonSnapshot, current: DaemonDeployment, instances: int) -> Failed | None:
    if current.status not in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS") or snapshot.target is None:
        return None
    count, threshold = failure_count(snapshot), breaker_threshold(instances)
    if count >= threshold:
        return Failed(BREAKER, f"{count} tasks failed; the circuit breaker's threshold is {threshold}.")
    alarms = [name for name in in_alarm(snapshot, current) if name not in current.alarms_ignored]
    if alarms and current.status == "IN_PROGRESS":
        return Failed(ALARMS, f"In ALARM: {', '.join(alarms)}.", tuple(alarms))
    return None


def failure_count(snapshot: DaemonSnapshot) -> int:
    target = snapshot.target
    return failed_tasks(target, snapshot.tasks) if target is not None else 0


def breaker_threshold(instances: int) -> int:
    return circuit_breaker_threshold(ALWAYS_ON, instances)


def in_alarm(snapshot: DaemonSnapshot, deployment: DaemonDeployment) -> tuple[str, ...]:
    alarms = deployment.configuration.alarms
    return tuple(name for name in alarms.names if alarms.enable and snapshot.alarms.get(name) == "ALARM")


def rollback_candidate(snapshot: DaemonSnapshot) -> DaemonRevision | None:
    """The revision that was rolled out last."""
    others = [
        revision
        for revision in snapshot.revisions
        if revision is not snapshot.target and revision.completed_at is not None
    ]
    return max(others, key=lambda r: (r.completed_at or 0, r.daemon_revision_arn), default=None)


def bake_until(snapshot: DaemonSnapshot, stations: tuple[Station, ...]) -> int:
    """When the last batch has baked: it counts from the last task of the revision to become healthy."""
    deployment = snapshot.deployment
    bake_ms = deployment.configuration.bake_time_ms if deployment is not None else 0
    healthy = [
        guard.task.healthy_at if guard.task.healthy_at is not None else snapshot.now_ms
        for station in stations
        for guard in station.guards
        if guard.current and guard.healthy
    ]
    return max(healthy) + snapshot.timing.scaled(bake_ms) if healthy and bake_ms else 0
