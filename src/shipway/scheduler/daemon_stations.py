"""What one pass over a managed daemon sees, instance by instance."""

from __future__ import annotations

import msgspec

from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.model.snapshot import AddressPool, Fleet, InstanceView, Timing
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.back_off import BackOff, back_off
from shipway.scheduler.health import Fault, fault_of
from shipway.scheduler.survey import is_live


class DaemonSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides about one managed daemon."""

    now_ms: int
    daemon: Daemon
    revisions: tuple[DaemonRevision, ...]
    deployments: tuple[DaemonDeployment, ...]  # newest first
    task_definitions: dict[str, TaskDefinition] = {}
    tasks: tuple[Task, ...] = ()  # all that the store still knows, sorted by creation, then ARN
    fleet: Fleet
    addresses: AddressPool = AddressPool()
    timing: Timing = Timing()
    alarms: dict[str, str] = {}

    @property
    def target(self) -> DaemonRevision | None:
        """What every instance is to run; None when the daemon is being deleted."""
        if self.daemon.status != "ACTIVE":
            return None
        return next(r for r in self.revisions if r.daemon_revision_arn == self.daemon.revision_arn)

    @property
    def deployment(self) -> DaemonDeployment | None:
        """The most recent deployment."""
        arn = self.daemon.deployment_arn
        return next((d for d in self.deployments if d.daemon_deployment_arn == arn), None)


class Guard(msgspec.Struct, frozen=True):
    """A live task of the daemon as this pass sees it."""

    task: Task
    current: bool  # of the revision that is wanted here
    healthy: bool = False
    fault: Fault | None = None
    changes_at: int | None = None


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One container instance. `wanted`: a task of the daemon belongs here."""

    view: InstanceView
    wanted: bool
    held: bool = False  # by this daemon
    guards: tuple[Guard, ...] = ()
    leaving: bool = False
    newest: Task | None = None
    pause: BackOff = BackOff()
    cleared_at: int = 0  # when the daemon's task is replaced whether the others have left or not

    @property
    def arn(self) -> str:
        return self.view.instance.container_instance_arn

    @property
    def in_sight(self) -> bool:
        """Its agent is there. A roll-out does not wait for one that is away."""
        return self.view.instance.agent_connected

    @property
    def serving(self) -> bool:
        return self.view.instance.status == "ACTIVE"

    @property
    def empty(self) -> bool:
        return not self.guards and not self.leaving

    @property
    def outdated(self) -> bool:
        return any(not guard.current for guard in self.guards)

    @property
    def guarded(self) -> bool:
        """It has what it should have, and is of use to others."""
        return not self.held and any(guard.current and guard.healthy for guard in self.guards)

    def cleared(self, now_ms: int) -> bool:
        """Nobody but daemons is left on it, or they were given time enough to leave."""
        return self.view.only_daemons or now_ms >= self.cleared_at


def stations_of(snapshot: DaemonSnapshot) -> tuple[Station, ...]:
    """The instances that are to have a task of the daemon, and those that have one."""
    tasks: dict[str, list[Task]] = {}
    for task in snapshot.tasks:
        tasks.setdefault(task.container_instance_arn or "", []).append(task)
    target, found = snapshot.target, []
    for view in snapshot.fleet.instances:
        instance = view.instance
        here = tasks.get(instance.container_instance_arn, [])
        present = [task for task in here if not task.stopped]
        held = snapshot.daemon.daemon_arn in instance.held_by
        at_hand = instance.agent_connected or bool(present) or held  # held, it waits for its agent
        wanted = (
            target is not None
            and instance.capacity_provider_name in target.provider_names
            and at_hand
            and is_usable(view)
        )
        if not (wanted or present or held):
            continue
        live = [task for task in present if is_live(task)]
        found.append(
            Station(
                view=view,
                wanted=wanted,
                held=held,
                guards=tuple(guard_of(task, snapshot) for task in live),
                leaving=len(present) > len(live),
                newest=here[-1] if here else None,
                pause=back_off(target, tuple(here), snapshot.timing, snapshot.now_ms)
                if target
                else BackOff(),
                cleared_at=instance.held_at + snapshot.timing.daemon_drain_ms,
            )
        )
    return tuple(found)


def is_usable(view: InstanceView) -> bool:
    """Not one that is no more, nor one that a user drains."""
    instance = view.instance
    return instance.status in ("ACTIVE", "REGISTERING") or bool(
        instance.status == "DRAINING" and instance.held_by
    )


def guard_of(task: Task, snapshot: DaemonSnapshot) -> Guard:
    """Healthy by its health check; without one, once it has been RUNNING for the dwell."""
    target, healthy_at = snapshot.target, None
    if task.running and task.has_health_check:
        healthy_at = 0 if task.health_status == "HEALTHY" else None
    elif task.running:
        healthy_at = (task.started_at or 0) + snapshot.timing.dwell_ms
    return Guard(
        task=task,
        current=target is not None and task.deployment_id == target.deployment_id,
        healthy=healthy_at is not None and healthy_at <= snapshot.now_ms,
        fault=fault_of(task, ()),
        changes_at=healthy_at,
    )
