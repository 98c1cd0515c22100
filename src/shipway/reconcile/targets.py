"""The targets loop: who is registered with which target group, on which port listeners answer, who is
healthy.

Decisions first, each committed; then, once they are on disk, Envoy is told. Registration precedes health: a
target that was just put is applied, checked by Envoy, and heard of again through its news.
"""

from __future__ import annotations

from shipway.load_balancer.edge import Edge
from shipway.load_balancer.state import LoadBalancerState
from shipway.load_balancer.target_health import TargetDrained, plan_target_health
from shipway.model.container_instance import ContainerInstance
from shipway.model.listener import Listener
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup
from shipway.model.task import Task
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings, logger
from shipway.scheduler.targets import TargetsSnapshot, plan_targets


async def targets_pass(around: Surroundings, edge: Edge) -> PassResult:
    plan = plan_targets(targets_snapshot(around), around.ids)
    refused = len(around.commit(plan))
    opened = open_ports(around, edge)
    await around.store.durable()
    edge.apply(LoadBalancerState.read(around.store.state))
    checked, look_again_at = await read_health(around, edge)
    if checked:
        await around.store.durable()
        edge.apply(LoadBalancerState.read(around.store.state))
    return PassResult(len(plan.actions) + opened + checked, refused, look_again_at)


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
    state = LoadBalancerState.read(around.store.state)
    plan = plan_target_health(state, readings, around.clock.now_ms(), around.timing)
    if plan.changes:
        with around.store.transaction() as tx:
            for change in plan.changes:
                if isinstance(change, TargetDrained):
                    tx.delete(Target, change.target.key)
                else:
                    tx.put(change.target)
                logger.info("target %s: %s", change.target.key, change.reason)
    return len(plan.changes), plan.look_again_at


def targets_snapshot(around: Surroundings) -> TargetsSnapshot:
    state = around.store.state
    services = tuple(service for service in state.all(Service) if service.status != "INACTIVE")
    revisions = {
        revision.deployment_id: revision
        for service in services
        for revision in state.by(ServiceRevision, "service_arn", service.service_arn)
        if revision.load_balancers
    }
    named = {target.task_arn for target in state.all(Target) if target.task_arn}
    with_bindings = {
        task.task_arn for number in revisions for task in state.by(Task, "deployment_id", number)
    }
    tasks = [state.get(Task, task_arn) for task_arn in sorted(named | with_bindings)]
    present = tuple(task for task in tasks if task is not None)
    instance_arns = sorted({task.container_instance_arn for task in present if task.container_instance_arn})
    instances = {arn: state.get(ContainerInstance, arn) for arn in instance_arns}
    return TargetsSnapshot(
        now_ms=around.clock.now_ms(),
        services=services,
        revisions=revisions,
        tasks=present,
        instances={arn: instance for arn, instance in instances.items() if instance is not None},
        target_groups={group.target_group_arn: group for group in state.all(TargetGroup)},
        targets=tuple(state.all(Target)),
        timing=around.timing,
    )
