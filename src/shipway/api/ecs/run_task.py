"""RunTask and StartTask: standalone tasks, placed in the very transaction that answers."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.capacity_providers import capacity_of, unsupported
from shipway.api.ecs.identifiers import at_most, cluster_of, invalid, missing, one_of, resource_arn
from shipway.api.ecs.network_rules import network_configuration
from shipway.api.ecs.override_rules import task_overrides
from shipway.api.ecs.placement_rules import placement_constraints, placement_strategy
from shipway.api.ecs.platform_rules import platform_version
from shipway.api.ecs.remembered_requests import answered_before, remember
from shipway.api.ecs.render_tasks import task_wire
from shipway.api.ecs.service_rules import check_launch_type
from shipway.api.ecs.tag_rules import checked_tags, managed_tags, merged
from shipway.api.ecs.task_definition_lookup import launchable
from shipway.model.actions import Plan, StartTask
from shipway.model.cluster import Cluster
from shipway.model.record import Document
from shipway.model.snapshot import AddressPool, Fleet
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.addresses import NoAddressLeft
from shipway.scheduler.birth import Birth
from shipway.scheduler.placement import Failure, active
from shipway.scheduler.run_task import RunTaskSnapshot, StartTaskSnapshot, plan_run_task, plan_start_task
from shipway.store import Transaction
from shipway.store.commit import commit_plan
from shipway.store.fleet import address_pool, fleet_for, provisioning_of

COUNT_RANGE = range(1, 11)
STARTED_BY = re.compile(r"[A-Za-z0-9_/-]{1,128}")
WITH_TAGS = frozenset({"TAGS"})


def run_task(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    count = 1 if request.count is None else request.count
    if count not in COUNT_RANGE:
        raise invalid("Task count must be between 1 and 10.")
    before = answered_before(call.store.state, cluster.cluster_arn, request)
    if before is not None:
        return {"tasks": [task_wire(call.store.state, task, WITH_TAGS) for task in before], "failures": []}
    definition = launchable(call, request.task_definition)
    given = request.launch_type, request.capacity_provider_strategy
    launch_type, strategy = capacity_of(call, cluster, *given)
    birth = replace(
        birth_of(call, cluster, definition, request, launch_type),
        placement_constraints=placement_constraints(
            request.placement_constraints, len(definition.body["placementConstraints"]), launch_type
        ),
        placement_strategy=placement_strategy(request.placement_strategy, launch_type),
        platform_version=platform_version(request.platform_version, launch_type, definition),
        capacity_provider_strategy=strategy,
    )
    with call.store.transaction() as tx:
        fleet = fleet_for(tx, cluster.cluster_arn, launch_type, call.place)
        if not strategy:
            check_instances(fleet, launch_type)
        snapshot = RunTaskSnapshot(
            birth=birth,
            fleet=fleet,
            count=count,
            addresses=addresses_of(call, tx),
            provisioning=provisioning_of(tx, cluster.cluster_arn),
        )
        try:
            plan, failures = plan_run_task(snapshot, call.ids)
        except NoAddressLeft as error:
            raise invalid(str(error)) from error
        arns = committed(call, tx, plan)
        remember(tx, cluster.cluster_arn, request, arns, call.clock.now_ms())
    return answer(call, arns, failures)


def start_task(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    given = at_most(request.container_instances, 10, "containerInstances")
    if not given:
        raise invalid("Container instances cannot be empty.")
    named = [resource_arn(call, cluster.cluster_arn, "container-instance", name) for name in given]
    definition = launchable(call, request.task_definition)
    birth = birth_of(call, cluster, definition, request, "EC2")
    with call.store.transaction() as tx:
        fleet = fleet_for(tx, cluster.cluster_arn, "EC2", call.place)
        known = {view.instance.container_instance_arn for view in fleet.instances}
        snapshot = StartTaskSnapshot(
            birth=birth,
            fleet=fleet,
            container_instances=tuple(arn for arn in named if arn in known),
            addresses=addresses_of(call, tx),
        )
        try:
            plan, failures = plan_start_task(snapshot, call.ids)
        except NoAddressLeft as error:
            raise invalid(str(error)) from error
        arns = committed(call, tx, plan)
    answered = answer(call, arns, failures)
    answered["failures"] += [missing(arn) for arn in named if arn not in known]
    return answered


def birth_of(
    call: Call, cluster: Cluster, definition: TaskDefinition, request: Any, launch_type: str
) -> Birth:
    """What RunTask and StartTask say alike about their tasks, checked."""
    check_launch_type(definition, launch_type)
    if request.volume_configurations:
        raise unsupported("volumeConfigurations")
    if request.started_by and not STARTED_BY.fullmatch(request.started_by):
        raise invalid(
            "startedBy can have up to 128 letters, numbers, hyphens, forward slashes, and underscores."
        )
    if request.group and request.group.startswith("service:"):
        raise invalid("The group of a standalone task cannot begin with 'service:'.")
    return Birth(
        task_definition=definition,
        cluster_arn=cluster.cluster_arn,
        created_at=call.clock.now_ms(),
        group=request.group or "",
        launch_type=launch_type,
        started_by=request.started_by or None,
        overrides=task_overrides(request.overrides, definition),
        network_configuration=network_configuration(request.network_configuration, definition, launch_type),
        tags=tags_of(cluster, definition, request),
        enable_execute_command=bool(request.enable_execute_command),
    )


def tags_of(cluster: Cluster, definition: TaskDefinition, request: Any) -> tuple[Document, ...]:
    """Propagated ones first, so that the request's own win."""
    propagate = one_of(request.propagate_tags, ("TASK_DEFINITION", "NONE"), "propagateTags")
    return merged(
        definition.tags if propagate == "TASK_DEFINITION" else (),
        checked_tags(request.tags),
        managed_tags(cluster.cluster_name) if request.enable_ecs_managed_tags else (),
    )


def addresses_of(call: Call, tx: Transaction) -> AddressPool:
    return address_pool(tx, call.settings.task_network_cidr)


def check_instances(fleet: Fleet, launch_type: str) -> None:
    if launch_type != "FARGATE" and not active(fleet):
        raise invalid("No Container Instances were found in your cluster.")


def committed(call: Call, tx: Transaction, plan: Plan) -> list[str]:
    refused = commit_plan(tx, plan.actions, call.clock.now_ms())
    assert not refused, "births depend on nothing that can have changed"
    return [action.task.task_arn for action in plan.actions if isinstance(action, StartTask)]


def answer(call: Call, arns: list[str], failures: tuple[Failure, ...]) -> dict[str, Any]:
    state = call.store.state
    tasks = [task for arn in arns if (task := state.get(Task, arn)) is not None]
    return {
        "tasks": [task_wire(state, task, WITH_TAGS) for task in tasks],
        "failures": [
            {"arn": f.arn, "reason": f.reason, **({"detail": f.detail} if f.detail else {})} for f in failures
        ],
    }
