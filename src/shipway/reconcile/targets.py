"""The targets loop: who is registered with which target group, on which port listeners answer, who is
healthy.

Decisions first, each committed; then, once they are on disk, Envoy is told. Registration precedes health: a
target that was just put is applied, checked by Envoy, and heard of again through its news.
"""

from __future__ import annotations

from shipway.load_balancer.edge import Edge
from shipway.load_balancer.state import LoadBalancerState, routable
from shipway.load_balancer.target_health import TargetDrained, plan_target_health
from shipway.model.container_instance import ContainerInstance
from shipway.model.listener import Listener
from shipway.model.load_balancer import LoadBalancer
from shipway.model.rule import Rule
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup
from shipway.model.task import Task
from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.concerns import SERVICES, owner_of
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings, earliest, logger
from shipway.scheduler.targets import TargetsSnapshot, plan_targets
from shipway.store import Change, Reads

LOAD_BALANCING = (LoadBalancer, Listener, Rule, TargetGroup, Target)


class TargetsTurn:
    """Registrations are looked at service by service; the load balancer as a whole, when it or its targets
    changed, when it has news, and when time alone changes a target's health.
    """

    def __init__(self, around: Surroundings, edge: Edge) -> None:
        self._around = around
        self._edge = edge
        self._owners = Agenda()
        self._edge_due = True
        self._health_changes_at: int | None = None

    def look_at_everything(self) -> None:
        state = self._around.store.state
        self._edge_due = True
        self._owners.look_at(service.service_arn for service in state.all(Service))
        self._owners.look_at(filter(None, (owner_of_target(each, state) for each in state.all(Target))))

    def hear(self, changes: tuple[Change, ...]) -> bool:
        kinds = {change.kind for change in changes}
        if TargetGroup in kinds:
            self.look_at_everything()
            return True
        owners = owners_concerned(changes, self._around.store.state)
        self._owners.look_at(owners)
        self._edge_due |= not kinds.isdisjoint(LOAD_BALANCING)
        return bool(owners) or self._edge_due

    def hear_news(self) -> None:
        """A target's health may have changed."""
        self._edge_due = True

    async def __call__(self) -> PassResult:
        now_ms = self._around.clock.now_ms()
        registered = await look_at_due(self._owners, now_ms, self._register)
        served = 0
        if self._edge_due or (self._health_changes_at is not None and self._health_changes_at <= now_ms):
            self._edge_due = False
            try:
                served = await self._serve()
            except BaseException:
                self._edge_due = True
                raise
        return PassResult(
            registered.actions + served, registered.refused, self._health_changes_at, registered.failure
        )

    def _register(self, owner: str) -> PassResult:
        snapshot = targets_snapshot(self._around, owner)
        if not snapshot.revisions and not snapshot.targets:
            return PassResult()
        plan = plan_targets(snapshot, self._around.ids)
        return PassResult(len(plan.actions), len(self._around.commit(plan)))

    async def _serve(self) -> int:
        around, edge = self._around, self._edge
        opened = open_ports(around, edge)
        await around.store.durable()
        edge.apply(LoadBalancerState.read(around.store.state))
        checked, self._health_changes_at = await read_health(around, edge)
        if checked:
            await around.store.durable()
            edge.apply(LoadBalancerState.read(around.store.state))
        return opened + checked


def owners_concerned(changes: tuple[Change, ...], reads: Reads) -> set[str]:
    """Services whose tasks, bindings or instances changed; for a target whose task is gone, that task."""
    owners: set[str] = set()
    for change in changes:
        if change.kind is Target:
            targets = [record for record in (change.before, change.after) if isinstance(record, Target)]
            owners.update(filter(None, (owner_of_target(target, reads) for target in targets)))
        elif change.kind is Task and change.after is None and reads.by(Target, "task_arn", change.key):
            owners.add(change.key)
        elif change.kind in (Service, ServiceRevision, Task, ContainerInstance):
            owners.update(SERVICES[change.kind](change, reads))
    return owners


def owner_of_target(target: Target, reads: Reads) -> str | None:
    task = reads.get(Task, target.task_arn) if target.task_arn else None
    return owner_of(task) if task else target.task_arn


def open_ports(around: Surroundings, edge: Edge) -> int:
    choices = edge.plan_ports(LoadBalancerState.read(around.store.state))
    if choices:
        with around.store.transaction() as tx:
            for choice in choices:
                if tx.get(Listener, choice.listener.listener_arn) is not None:
                    tx.put(choice.listener)
                logger.info("listen on port %s: %s", choice.listener.bound_port, choice.reason)
    return len(choices)


async def read_health(around: Surroundings, edge: Edge) -> tuple[int, int | None]:
    """Health read back. The readings were awaited, so each change is checked against what the store holds by
    now.
    """
    if not around.store.state.table(Target).rows:
        return 0, None
    readings = await edge.readings()
    state, now_ms = LoadBalancerState.read(around.store.state), around.clock.now_ms()
    plan = plan_target_health(state, readings, now_ms, around.timing)
    if plan.changes:
        with around.store.transaction() as tx:
            for change in plan.changes:
                if isinstance(change, TargetDrained):
                    tx.delete(Target, change.target.key)
                else:
                    tx.put(change.target)
                logger.info("target %s: %s", change.target.key, change.reason)
    groups = state.target_groups_in_use()
    unread = not readings and any(routable(state.targets_of(group.target_group_arn)) for group in groups)
    again_at = now_ms + around.timing.unread_health_ms if unread else None
    return len(plan.changes), earliest([plan.look_again_at, again_at])


def targets_snapshot(around: Surroundings, owner: str) -> TargetsSnapshot:
    """A service's bindings, the tasks that have one or are named by a target, and those targets. `owner` may
    be a task too: one that is gone and has left a target.
    """
    state = around.store.state
    service, registered = state.get(Service, owner), state.table(Target)
    revisions = {
        revision.deployment_id: revision
        for revision in state.by(ServiceRevision, "service_arn", owner)
        if revision.load_balancers and service is not None and service.status != "INACTIVE"
    }
    known = {task.task_arn: task for task in state.by(Task, "service_arn", owner)}
    named = [target for arn in {*known, owner} for target in registered.by("task_arn", arn)]
    involved = {target.task_arn for target in named}
    tasks = [task for arn, task in known.items() if arn in involved or task.deployment_id in revisions]
    instance_arns = sorted({task.container_instance_arn for task in tasks if task.container_instance_arn})
    instances = {arn: state.get(ContainerInstance, arn) for arn in instance_arns}
    bindings = [binding for revision in revisions.values() for binding in revision.bindings]
    group_arns = {binding.target_group_arn for binding in bindings}
    group_arns |= {target.target_group_arn for target in named}
    groups = {arn: state.get(TargetGroup, arn) for arn in sorted(group_arns)}
    return TargetsSnapshot(
        now_ms=around.clock.now_ms(),
        services=(service,) if service is not None and service.status != "INACTIVE" else (),
        revisions=revisions,
        tasks=tuple(tasks),
        instances={arn: instance for arn, instance in instances.items() if instance is not None},
        target_groups={arn: group for arn, group in groups.items() if group is not None},
        targets=tuple(sorted(named, key=lambda target: target.key)),
        timing=around.timing,
    )
