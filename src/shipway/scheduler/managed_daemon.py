"""One pass over a managed daemon: exactly one task on each instance of its capacity providers, before others.

An instance whose task has to be replaced, or is missing, is *held*: it drains, so that the tasks of services
leave; then the daemon's task goes, its successor starts in its place, and the instance serves again once
that is healthy. A roll-out holds so many instances at a time as `drainPercent` says, and bakes after each
batch; a critical daemon whose task ended holds its instance at once. An instance that registers is held from
the beginning. The circuit breaker is always on.
"""

from __future__ import annotations

from shipway.model.actions import (
    Action,
    EndDaemonDeployment,
    HoldInstance,
    MarkHealthy,
    Plan,
    ReleaseInstance,
    RemoveDaemon,
    StartTask,
)
from shipway.model.daemon import DaemonRevision
from shipway.model.task import Task
from shipway.scheduler.birth import Birth
from shipway.scheduler.daemon_deployments import bake_until, begun_and_superseded, counted, judged
from shipway.scheduler.daemon_stations import DaemonSnapshot, Guard, Station, stations_of
from shipway.scheduler.ground import Ground
from shipway.scheduler.launch import born_on
from shipway.scheduler.replacement import stop
from shipway.seams import Ids


def decide_managed_daemon(snapshot: DaemonSnapshot, ids: Ids) -> Plan:
    stations = stations_of(snapshot)
    books = (
        *begun_and_superseded(snapshot),
        *marked_health(snapshot, stations),
        *counted(snapshot, stations),
    )
    verdict = judged(snapshot, stations)
    if verdict:
        return Plan((*books, *verdict))
    starting = [station for station in stations if is_to_start(snapshot, station)]
    moves = (
        *(action for station in stations for action in released_and_stopped(snapshot, station)),
        *held(snapshot, stations, starting),
        *started(snapshot, starting, ids),
    )
    return Plan(
        (*books, *moves, *finished(snapshot, stations, still=not moves)),
        wake_at(snapshot, stations),
        watches_fleet=any(not s.view.only_daemons for s in stations if s.held or not s.wanted),
    )


def marked_health(snapshot: DaemonSnapshot, stations: tuple[Station, ...]) -> tuple[Action, ...]:
    return tuple(
        MarkHealthy(
            task_arn=guard.task.task_arn,
            version=guard.task.version,
            healthy_at=snapshot.now_ms if guard.healthy else None,
            reason="It runs well." if guard.healthy else "It no longer runs well.",
        )
        for station in stations
        for guard in station.guards
        if guard.healthy != (guard.task.healthy_at is not None)
    )


def is_to_start(snapshot: DaemonSnapshot, station: Station) -> bool:
    """An instance out of service waits until it is cleared. One that serves gets a non-critical task when it
    is empty, or has lost the one it had; else that is the roll-out's.
    """
    target = snapshot.target
    if target is None or not station.wanted or not station.empty or station.pause.until > snapshot.now_ms:
        return False
    if not station.serving:
        return station.cleared(snapshot.now_ms)
    return not target.critical and (station.view.only_daemons or has_ended(station, target))


def has_ended(station: Station, target: DaemonRevision) -> bool:
    """The instance had its task of this revision, and lost it."""
    return station.newest is not None and station.newest.deployment_id == target.deployment_id


def released_and_stopped(snapshot: DaemonSnapshot, station: Station) -> tuple[Action, ...]:
    healthy = any(guard.current and guard.healthy for guard in station.guards)
    serves_again = healthy if station.wanted else station.empty
    if station.held and serves_again and not station.outdated:
        reason = "Its daemon task is healthy." if station.wanted else "It is to have no task of the daemon."
        return (release(snapshot, station, reason),)
    stops: list[Action] = []
    for number, guard in enumerate(sorted(station.guards, key=lambda g: (not g.current, not g.healthy))):
        why = why_stopped(snapshot, station, guard, number)
        if why is not None:
            stopped_reason = (
                guard.fault.stopped_reason
                if guard.fault
                else f"Task stopped by the daemon (deployment {guard.task.deployment_id})"
            )
            stops.append(stop(guard.task, stopped_reason, why))
    return tuple(stops)


def why_stopped(snapshot: DaemonSnapshot, station: Station, guard: Guard, number: int) -> str | None:
    """The reason to stop it now; None when it stays, or has to wait for the others to leave."""
    if number:
        return "Another task of the daemon is on the instance."
    cleared = station.cleared(snapshot.now_ms) if station.held else False
    if station.wanted and guard.current:
        target = snapshot.target
        critical = target is not None and target.critical
        return "It is unhealthy." if guard.fault and (not critical or cleared) else None
    if station.held:
        return "It is to be replaced, and the others have left." if cleared else None
    if station.view.instance.status == "DRAINING" and station.view.only_daemons:
        return "Its container instance is DRAINING, and no other task is left there."
    return None


def held(
    snapshot: DaemonSnapshot, stations: tuple[Station, ...], starting: list[Station]
) -> tuple[Action, ...]:
    """Instances whose critical task ended, at once; of those that the roll-out has not reached, a batch."""
    target, urgent, waiting = snapshot.target, [], []
    for station in stations:
        if station.held or not station.serving or not station.in_sight or station in starting:
            continue
        if target is not None and station.wanted and not station.guards and has_ended(station, target):
            urgent += [(station, "Its daemon task ended.")] if target.critical else []
        elif target is not None and target.critical and any(g.current and g.fault for g in station.guards):
            urgent.append((station, "Its daemon task is unhealthy."))
        elif station.outdated or (station.wanted and station.empty):
            waiting.append(station)
    batch = batch_of(snapshot, stations, waiting) if not urgent else []
    reason = f"{snapshot.daemon.daemon_name} is rolled out to a batch of {len(batch)}."
    return tuple(
        HoldInstance(container_instance_arn=station.arn, daemon_arn=snapshot.daemon.daemon_arn, reason=why)
        for station, why in (*urgent, *((station, reason) for station in batch))
    )


def batch_of(
    snapshot: DaemonSnapshot, stations: tuple[Station, ...], waiting: list[Station]
) -> list[Station]:
    """One batch at a time, the next when the one before is back in service and has baked."""
    draining = [s for s in stations if s.view.instance.status == "DRAINING" and s.in_sight]
    in_flight = any(station.held for station in draining)
    deployment = snapshot.deployment
    if not waiting or in_flight or deployment is None or bake_until(snapshot, stations) > snapshot.now_ms:
        return []
    count = int(len(stations) * deployment.configuration.drain_percent / 100)
    return waiting[: max(1, count)]


def started(snapshot: DaemonSnapshot, stations: list[Station], ids: Ids) -> tuple[Action, ...]:
    revision = snapshot.target
    if revision is None or not stations:
        return ()
    definition = snapshot.task_definitions[revision.daemon_task_definition_arn]
    tasks: list[Task] = []
    ground = Ground(snapshot.fleet, snapshot.addresses)
    for station in stations:
        birth = Birth(
            task_definition=definition,
            cluster_arn=snapshot.daemon.cluster_arn,
            created_at=snapshot.now_ms,
            group=snapshot.daemon.group,
            launch_type="MANAGED_INSTANCES",
            started_by=revision.deployment_id,
            daemon_arn=snapshot.daemon.daemon_arn,
            deployment_id=revision.deployment_id,
            capacity_provider_name=station.view.instance.capacity_provider_name,
            tags=snapshot.daemon.tags if revision.propagate_tags == "DAEMON" else (),
            enable_execute_command=revision.enable_execute_command,
            daemon=True,
        )
        tasks.extend(born_on(birth, (station.view,), ground, ids).tasks)
    return tuple(StartTask(task=task, reason="Its instance is to have one.") for task in tasks)


def finished(snapshot: DaemonSnapshot, stations: tuple[Station, ...], still: bool) -> tuple[Action, ...]:
    """The roll-out is over when every instance has its task and serves; a deletion when no task is left."""
    deployment, target = snapshot.deployment, snapshot.target
    if deployment is None or not still:
        return ()
    if target is None:
        if any(not task.stopped for task in snapshot.tasks) or any(station.held for station in stations):
            return ()
        reason = "No task of it is left."
        ended = EndDaemonDeployment(
            daemon_deployment_arn=deployment.daemon_deployment_arn, status="SUCCESSFUL", reason=reason
        )
        removed = RemoveDaemon(daemon_arn=snapshot.daemon.daemon_arn, reason=reason)
        return (*((ended,) if deployment.in_progress else ()), removed)
    wanted = [station for station in stations if station.wanted and station.in_sight]
    complete = all(station.guarded for station in wanted) and not any(
        station.outdated or station.held
        for station in stations
        if station.in_sight and (station.serving or station.held)
    )
    rolling = deployment.status in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
    if not (complete and rolling and bake_until(snapshot, stations) <= snapshot.now_ms):
        return ()
    return (
        EndDaemonDeployment(
            daemon_deployment_arn=deployment.daemon_deployment_arn,
            status="SUCCESSFUL" if deployment.status == "IN_PROGRESS" else "ROLLBACK_SUCCESSFUL",
            rolled_out=target.daemon_revision_arn,
            reason=f"{len(wanted)} instances run it.",
        ),
    )


def release(snapshot: DaemonSnapshot, station: Station, reason: str) -> ReleaseInstance:
    return ReleaseInstance(
        container_instance_arn=station.arn, daemon_arn=snapshot.daemon.daemon_arn, reason=reason
    )


def wake_at(snapshot: DaemonSnapshot, stations: tuple[Station, ...]) -> int | None:
    moments = [guard.changes_at or 0 for station in stations for guard in station.guards]
    moments += [station.pause.until for station in stations]
    moments += [station.cleared_at for station in stations if station.held and not station.view.only_daemons]
    moments.append(bake_until(snapshot, stations))
    return min((moment for moment in moments if moment > snapshot.now_ms), default=None)
