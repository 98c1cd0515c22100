"""The daemons loop: a managed daemon's snapshot, the scheduler's plan, its commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.model.task import Task
from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.concerns import fleets_moved, instance_differs
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.daemon_stations import DaemonSnapshot
from shipway.scheduler.managed_daemon import decide_managed_daemon
from shipway.store import Change, Reads
from shipway.store.definitions import definition_of
from shipway.store.fleet import address_pool, fleet_of


class DaemonsTurn:
    """`watching`: daemons that wait for others to leave their instances, each with its cluster."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._agenda = Agenda()
        self._watching: dict[str, str] = {}

    def look_at_everything(self) -> None:
        self._agenda.look_at(daemon.daemon_arn for daemon in self._around.store.state.all(Daemon))

    def hear(self, changes: tuple[Change, ...]) -> bool:
        state = self._around.store.state
        if not state.table(Daemon).rows:
            return False
        concerned = daemons_concerned(changes, state, self._watching)
        self._agenda.look_at(concerned)
        return bool(concerned)

    def hear_of_alarms(self) -> None:
        self.look_at_everything()

    async def __call__(self) -> PassResult:
        return await look_at_due(self._agenda, self._around.clock.now_ms(), self._look)

    def _look(self, daemon_arn: str) -> PassResult:
        self._watching.pop(daemon_arn, None)
        daemon = self._around.store.state.get(Daemon, daemon_arn)
        if daemon is None:
            return PassResult()
        plan = decide_managed_daemon(daemon_snapshot(self._around, daemon), self._around.ids)
        if plan.watches_fleet:
            self._watching[daemon_arn] = daemon.cluster_arn
        refused = self._around.commit(plan)
        return PassResult(len(plan.actions), len(refused), plan.wake_at)


def daemons_concerned(changes: Iterable[Change], reads: Reads, watching: Mapping[str, str]) -> set[str]:
    changes = tuple(changes)
    named = {arn for change in changes for arn in concerned_by(change, reads)}
    if watching:
        moved = fleets_moved(changes, reads)
        named.update(arn for arn, cluster_arn in watching.items() if cluster_arn in moved)
    return named


def concerned_by(change: Change, reads: Reads) -> list[str]:
    """A task of a daemon, its own records, and every instance of its cluster."""
    records = [record for record in (change.before, change.after) if record is not None]
    if change.kind is ContainerInstance:
        clusters = {record.cluster_arn for record in records if isinstance(record, ContainerInstance)}
        daemons = [daemon for arn in sorted(clusters) for daemon in reads.by(Daemon, "cluster_arn", arn)]
        return [daemon.daemon_arn for daemon in daemons] if instance_differs(change) else []
    owned = [r for r in records if isinstance(r, Daemon | DaemonDeployment | DaemonRevision | Task)]
    return [record.daemon_arn for record in owned if record.daemon_arn is not None]


def daemon_snapshot(around: Surroundings, daemon: Daemon) -> DaemonSnapshot:
    state = around.store.state
    revisions = state.by(DaemonRevision, "daemon_arn", daemon.daemon_arn)
    deployments = state.by(DaemonDeployment, "daemon_arn", daemon.daemon_arn)
    tasks = state.by(Task, "daemon_arn", daemon.daemon_arn)
    arns = sorted({revision.daemon_task_definition_arn for revision in revisions})
    definitions = {arn: definition for arn in arns if (definition := definition_of(state, arn)) is not None}
    return DaemonSnapshot(
        now_ms=around.clock.now_ms(),
        daemon=daemon,
        revisions=tuple(revisions),
        deployments=tuple(sorted(deployments, key=lambda d: (-d.created_at, d.daemon_deployment_arn))),
        task_definitions=definitions,
        tasks=tuple(sorted(tasks, key=lambda task: (task.created_at, task.task_arn))),
        fleet=fleet_of(state, daemon.cluster_arn),
        addresses=address_pool(state, around.task_network_cidr),
        timing=around.timing,
        alarms=alarm_states(around, daemon, deployments),
    )


def alarm_states(around: Surroundings, daemon: Daemon, deployments: list[DaemonDeployment]) -> dict[str, str]:
    """Of the alarms that the deployment in progress watches; else nobody asks."""
    for deployment in deployments:
        alarms = deployment.configuration.alarms
        current = deployment.daemon_deployment_arn == daemon.deployment_arn
        if current and deployment.in_progress and alarms.enable:
            return around.alarms.alarm_states(alarms.names)
    return {}
