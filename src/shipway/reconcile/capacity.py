"""The capacity loop: the groups of capacity providers, as large as their tasks need or their owners want.

Instances themselves are started and terminated by whoever follows `CapacityProvider.members`: the fleet.
"""

from __future__ import annotations

from collections.abc import Iterable

from shipway.model.capacity_provider import AUTO_SCALING, CapacityProvider, GroupSize, has_own_instances
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.snapshot import InstanceView
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.managed_scaling import GroupSnapshot, plan_group, reservation
from shipway.store import Change, Reads
from shipway.store.fleet import fleet_of
from shipway.store.metrics import Series

NAMESPACE = "AWS/ECS/ManagedScaling"


class CapacityTurn:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._agenda = Agenda()

    def look_at_everything(self) -> None:
        """Also when what moto keeps of Auto Scaling groups may have changed."""
        providers = self._around.store.state.all(CapacityProvider)
        self._agenda.look_at(provider.capacity_provider_arn for provider in providers)

    def hear(self, changes: tuple[Change, ...]) -> bool:
        state = self._around.store.state
        if not state.table(CapacityProvider).rows:
            return False
        names = providers_concerned(changes, state)
        concerned = [p.capacity_provider_arn for p in state.all(CapacityProvider) if p.name in names]
        self._agenda.look_at(concerned)
        return bool(concerned)

    async def __call__(self) -> PassResult:
        return await look_at_due(self._agenda, self._around.clock.now_ms(), self._look)

    def _look(self, capacity_provider_arn: str) -> PassResult:
        around = self._around
        provider = around.store.state.get(CapacityProvider, capacity_provider_arn)
        if provider is None or provider.kind != AUTO_SCALING:
            return PassResult()
        cluster = cluster_with(around.store.state, provider.name)
        snapshot = group_snapshot(around, provider, cluster)
        if cluster is not None and provider.scales:
            dimensions = (("CapacityProviderName", provider.name), ("ClusterName", cluster.cluster_name))
            series = Series(NAMESPACE, "CapacityProviderReservation", dimensions)
            around.metrics.set(series, reservation(snapshot), snapshot.now_ms)
        plan = plan_group(snapshot)
        refused = around.commit(plan)
        return PassResult(len(plan.actions), len(refused), plan.wake_at)


def group_snapshot(
    around: Surroundings, provider: CapacityProvider, cluster: Cluster | None
) -> GroupSnapshot:
    state = around.store.state
    arn = cluster.cluster_arn if cluster else ""
    views = [v for v in fleet_of(state, arn).instances if v.instance.capacity_provider_name == provider.name]
    waiting = [t for t in state.by(Task, "unplaced", arn) if t.capacity_provider_name == provider.name]
    waiting.sort(key=lambda task: (task.created_at, task.task_arn))
    definitions = {task.task_definition_arn for task in waiting}
    found = {name: state.get(TaskDefinition, name) for name in sorted(definitions)}
    return GroupSnapshot(
        now_ms=around.clock.now_ms(),
        provider=provider,
        associated=cluster is not None,
        size=group_size(around, provider),
        members=members_of(views),
        waiting=tuple(task for task in waiting if task.desired_status == "RUNNING"),
        task_definitions={name: definition for name, definition in found.items() if definition is not None},
        new_instance=around.groups.new_instance(provider.auto_scaling_group_arn) or around.new_instance,
        timing=around.timing,
    )


def members_of(views: Iterable[InstanceView]) -> dict[int, InstanceView]:
    """By number. A machine whose answer was lost has registered twice: its agent is on one record only."""
    present = [view for view in views if view.instance.status in ("ACTIVE", "DRAINING")]
    present.sort(key=lambda view: (view.instance.agent_connected, view.tasks))
    return {view.instance.member_number: view for view in present}


def group_size(around: Surroundings, provider: CapacityProvider) -> GroupSize:
    """As the Auto Scaling group says while there is one, and as it said last when there is none any more."""
    return around.groups.size(provider.auto_scaling_group_arn) or provider.group_size


def cluster_with(reads: Reads, name: str) -> Cluster | None:
    clusters = [c for c in reads.all(Cluster) if c.status == "ACTIVE" and name in c.capacity_providers]
    return clusters[0] if clusters else None


def providers_concerned(changes: Iterable[Change], reads: Reads) -> set[str]:
    """The names of those whose tasks, instances, association or settings have changed."""
    names: set[str | None] = set()
    for change in changes:
        for record in (change.before, change.after):
            if isinstance(record, CapacityProvider):
                names.add(record.name)
            elif isinstance(record, Cluster):
                names.update(record.capacity_providers)
            elif isinstance(record, ContainerInstance):
                names.add(record.capacity_provider_name)
            elif isinstance(record, Task):
                names.add(record.capacity_provider_name)
                instance = reads.get(ContainerInstance, record.container_instance_arn or "")
                names.add(instance.capacity_provider_name if instance else None)
    return {name for name in names if name is not None and has_own_instances(name)}
