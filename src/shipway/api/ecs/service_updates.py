"""UpdateService: some members start a deployment, others are edits.

A deployment starts when what the revision is made of differs from the PRIMARY one, or when it is forced. An
earlier deployment still in progress is superseded: its tasks become the new one's source, the scheduler ends
it.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.capacity_providers import capacity_of
from shipway.api.ecs.controller_changes import (
    adopt_deployment,
    check_leaving_ecs,
    controller_after,
    forget_task_sets,
)
from shipway.api.ecs.daemon_services import check_daemon_capacity, check_daemon_request
from shipway.api.ecs.deployment_configuration import deployment_configuration
from shipway.api.ecs.deployment_controllers import BY_TASK_SETS, check_update
from shipway.api.ecs.identifiers import cluster_of, invalid, one_of, service_of
from shipway.api.ecs.placement_rules import placement_constraints, placement_strategy
from shipway.api.ecs.render_services import service_wire
from shipway.api.ecs.service_records import new_revision, new_service_deployment, request_stop
from shipway.api.ecs.service_rules import CAPACITY_MEMBERS, RevisionSpec, spec_of, updated_spec
from shipway.api.ecs.service_view import counts_of, shown_revisions
from shipway.api.ecs.services import PROPAGATE_TAGS, check_count, check_grace_period
from shipway.api.ecs.task_definition_lookup import launchable
from shipway.api.ecs.traffic_shifting import check_controller, check_rules_exist, check_shiftable
from shipway.api.errors import ApiError
from shipway.model.cluster import Cluster
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet
from shipway.scheduler.birth import definition_constraints
from shipway.store import Transaction


def update_service(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    service = service_of(call, cluster.cluster_arn, request.service)
    if service.status != "ACTIVE":
        raise ApiError("ServiceNotActiveException", "Service was not ACTIVE.")
    controller = controller_after(call, service, request)
    if controller in BY_TASK_SETS:
        return update_with_task_sets(call, service, controller, request)
    return update_with_deployments(call, cluster, service, request)


def update_with_deployments(call: Call, cluster: Cluster, service: Service, request: Any) -> dict[str, Any]:
    before = call.store.state.get(ServiceRevision, service.revision_arn)
    revision = before or blank_revision(call, cluster, service, request)
    definition = definition_after(call, request, revision)
    if service.scheduling_strategy == "DAEMON":
        check_daemon_request(request)
    spec = updated_spec(call, cluster, definition, revision, request)
    if service.scheduling_strategy == "DAEMON":
        check_daemon_capacity(spec.launch_type, spec.capacity_provider_strategy)
    arriving = service.deployment_controller != "ECS"
    edited = replace(
        service, deployment_controller="ECS", **edits(request, service, definition, spec.launch_type)
    )
    check_shiftable(edited.deployment_configuration, spec.load_balancers)
    if request.load_balancers is not None:
        check_rules_exist(call.store.state, spec.load_balancers)
    with call.store.transaction() as tx:
        if arriving or request.force_new_deployment or starts_deployment(spec, spec_of(revision)):
            edited = deploy(call, tx, edited, spec)
            forget_task_sets(tx, edited)
        else:
            capacity = {member: getattr(spec, member) for member in CAPACITY_MEMBERS}
            # Any update ends the pause after failed starts: whoever mended something need not wait.
            tx.put(replace(revision, start_failures_since=call.clock.now_ms(), **capacity))
        tx.put(edited)
        return {"service": service_wire(tx, edited)}


def update_with_task_sets(call: Call, service: Service, controller: str, request: Any) -> dict[str, Any]:
    """Counts and options only: what runs is for the task sets to say."""
    check_update(controller, request)
    revision = call.store.state.get(ServiceRevision, service.revision_arn)
    definition = call.store.state.get(TaskDefinition, revision.task_definition_arn) if revision else None
    launch_type = revision.launch_type if revision else "EC2"
    edited = replace(
        service, deployment_controller=controller, **edits(request, service, definition, launch_type)
    )
    check_controller(controller, edited.deployment_configuration.strategy)
    leaving = service.deployment_controller == "ECS"
    if leaving:
        check_leaving_ecs(call.store.state, edited)
    with call.store.transaction() as tx:
        if leaving:
            adopt_deployment(call, tx, edited)
        for task_set in tx.by(TaskSet, "service_arn", service.service_arn):
            made_of = tx.get(ServiceRevision, task_set.service_revision_arn)
            assert made_of is not None, task_set.service_revision_arn
            tx.put(replace(made_of, start_failures_since=call.clock.now_ms()))
        tx.put(edited)
        if not leaving:
            return {"service": service_wire(tx, edited)}
        # ECS answers this one request as if the service still had its deployment.
        shown = service_wire(tx, replace(edited, deployment_controller="ECS"))
        return {"service": {**shown, "deploymentController": {"type": controller}}}


def blank_revision(call: Call, cluster: Cluster, service: Service, request: Any) -> ServiceRevision:
    """What an EXTERNAL service without a PRIMARY task set has to compare the request with: nothing."""
    if not request.task_definition:
        raise invalid("TaskDefinition can not be blank.")
    launch_type, strategy = capacity_of(call, cluster, None, request.capacity_provider_strategy)
    return ServiceRevision(
        service_revision_arn="",
        service_arn=service.service_arn,
        cluster_arn=service.cluster_arn,
        task_definition_arn="",
        created_at=0,
        launch_type=launch_type,
        capacity_provider_strategy=strategy,
    )


def definition_after(call: Call, request: Any, revision: ServiceRevision) -> TaskDefinition:
    """A new definition, and one that is rolled out again, must be ACTIVE; one that is merely kept need not
    be.
    """
    given = request.task_definition or revision.task_definition_arn
    if request.task_definition or request.force_new_deployment:
        return launchable(call, given, inactive_code="ClientException")
    definition = call.store.state.get(TaskDefinition, given)
    assert definition is not None, given
    return definition


def starts_deployment(after: RevisionSpec, before: RevisionSpec) -> bool:
    capacity = {member: getattr(before, member) for member in CAPACITY_MEMBERS}
    return replace(after, **capacity) != before


def deploy(call: Call, tx: Transaction, service: Service, spec: RevisionSpec) -> Service:
    sources = shown_revisions(tx, service, counts_of(tx.by(Task, "service_arn", service.service_arn)))
    request_stop(tx, service, call.clock.now_ms())
    revision = new_revision(call, service.service_arn, service.cluster_arn, spec)
    deployment = new_service_deployment(
        call,
        revision,
        service.deployment_configuration,
        tuple(source.service_revision_arn for source in sources),
    )
    tx.put(revision)
    tx.put(deployment)
    return replace(
        service,
        revision_arn=revision.service_revision_arn,
        service_deployment_arn=deployment.service_deployment_arn,
    )


def edits(
    request: Any, service: Service, definition: TaskDefinition | None, launch_type: str
) -> dict[str, Any]:
    """The members that change at once, without a deployment. What the request leaves out stays."""
    changes: dict[str, Any] = {}
    if request.desired_count is not None:
        check_count(request.desired_count)
        changes["desired_count"] = request.desired_count
    if request.deployment_configuration is not None:
        changes["deployment_configuration"] = deployment_configuration(
            request.deployment_configuration, service.deployment_configuration
        )
    if request.health_check_grace_period_seconds is not None:
        check_grace_period(request.health_check_grace_period_seconds)
        changes["health_check_grace_period_s"] = request.health_check_grace_period_seconds
    if request.placement_constraints is not None:
        others = len(definition_constraints(definition)) if definition else 0
        changes["placement_constraints"] = placement_constraints(
            request.placement_constraints, others, launch_type
        )
    if request.placement_strategy is not None:
        changes["placement_strategy"] = placement_strategy(request.placement_strategy, launch_type)
    words = {
        "availability_zone_rebalancing": ("ENABLED", "DISABLED"),
        "propagate_tags": PROPAGATE_TAGS,
    }
    for member, allowed in words.items():
        value = one_of(getattr(request, member), allowed, member)
        if value is not None:
            changes[member] = value
    for member in ("enable_ecs_managed_tags", "enable_execute_command"):
        if getattr(request, member) is not None:
            changes[member] = getattr(request, member)
    return changes
