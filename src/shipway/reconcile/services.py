"""The services loop: each service's snapshot, the scheduler's plan, its commit."""

from __future__ import annotations

from shipway.model.actions import Plan
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.snapshot import ServiceSnapshot, TargetView
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings, earliest
from shipway.scheduler.services import decide_service
from shipway.store.fleet import address_pool, fleet_for

ENDED_DEPLOYMENTS_SEEN = 3


async def services_pass(around: Surroundings) -> PassResult:
    actions = refused = 0
    wakes: list[int | None] = []
    for service in daemons_first(around.store.state.all(Service)):
        if service.status == "INACTIVE":
            continue
        plan = plan_service(around, service.service_arn)
        refused += len(around.commit(plan))
        actions += len(plan.actions)
        wakes.append(plan.wake_at)
    return PassResult(actions, refused, earliest(wakes))


def daemons_first(services: list[Service]) -> list[Service]:
    """On an instance that joins, daemon tasks take their room before any other service looks at it."""
    return sorted(services, key=lambda service: service.scheduling_strategy != "DAEMON")


def plan_service(around: Surroundings, service_arn: str) -> Plan:
    return decide_service(service_snapshot(around, service_arn), around.ids)


def service_snapshot(around: Surroundings, service_arn: str) -> ServiceSnapshot:
    state = around.store.state
    service = state.get(Service, service_arn)
    assert service is not None, service_arn
    revisions = sorted(
        state.by(ServiceRevision, "service_arn", service_arn),
        key=lambda r: (r.service_revision_arn != service.revision_arn, -r.created_at, r.service_revision_arn),
    )
    deployments = sorted(
        state.by(ServiceDeployment, "service_arn", service_arn),
        key=lambda d: (-d.created_at, d.service_deployment_arn),
    )
    ended = [d.service_deployment_arn for d in deployments if not d.in_progress][:ENDED_DEPLOYMENTS_SEEN]
    tasks = tuple(
        sorted(state.by(Task, "service_arn", service_arn), key=lambda task: (task.created_at, task.task_arn))
    )
    definition_arns = {r.task_definition_arn for r in revisions} | {
        task.task_definition_arn for task in tasks
    }
    definitions = {
        arn: definition
        for arn in sorted(definition_arns)
        if (definition := state.get(TaskDefinition, arn)) is not None
    }
    return ServiceSnapshot(
        now_ms=around.clock.now_ms(),
        service=service,
        revisions=tuple(revisions),
        service_deployments=tuple(
            d for d in deployments if d.in_progress or d.service_deployment_arn in ended
        ),
        task_definitions=definitions,
        tasks=tasks,
        targets={task.task_arn: views for task in tasks if (views := target_views(around, task))},
        fleet=fleet_for(state, service.cluster_arn, revisions[0].launch_type, around.place),
        addresses=address_pool(state, around.task_network_cidr),
        timing=around.timing,
        alarms=alarm_states(around, service, deployments),
        account_id=around.place.account_id,
        region=around.place.region,
    )


def alarm_states(
    around: Surroundings, service: Service, deployments: list[ServiceDeployment]
) -> dict[str, str]:
    """Of the alarms that a running deployment watches; else nobody asks."""
    alarms = service.deployment_configuration.alarms
    running = any(deployment.in_progress for deployment in deployments)
    return around.alarms.alarm_states(alarms.names) if alarms.enable and running else {}


def target_views(around: Surroundings, task: Task) -> tuple[TargetView, ...]:
    return tuple(
        TargetView(
            target_group_arn=target.target_group_arn,
            port=target.port,
            state=target.state,
            reason=target.description or target.reason,
            instance_id=target.target_id if target.target_id.startswith("i-") else None,
        )
        for target in around.store.state.by(Target, "task_arn", task.task_arn)
    )
