"""Services: create, describe, list, delete. UpdateService has its own file."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.daemon_services import (
    DEFAULT_CONFIGURATION,
    check_daemon_controller,
    check_daemon_request,
)
from shipway.api.ecs.deployment_configuration import deployment_configuration
from shipway.api.ecs.deployment_controllers import controller_of
from shipway.api.ecs.first_deployments import FirstDeployment, first_deployment
from shipway.api.ecs.identifiers import cluster_of, invalid, missing, one_of, resource_arn, service_of
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.placement_rules import placement_constraints, placement_strategy
from shipway.api.ecs.render_services import service_wire
from shipway.api.ecs.request_digest import request_digest
from shipway.api.ecs.service_names import FOUND_BY, other_ports
from shipway.api.ecs.service_records import (
    default_role,
    forget_history,
    new_service_deployment,
    request_stop,
)
from shipway.api.ecs.service_rules import KEPT, RevisionSpec
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.ecs.traffic_shifting import check_controller, check_rules_exist, check_shiftable
from shipway.model.actions import CloseService, StopDeployment
from shipway.model.event import Event
from shipway.model.service import DeploymentConfiguration, Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet
from shipway.store import Transaction
from shipway.store.commit import commit_plan

SERVICE_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
WITH_TAGS = frozenset({"TAGS"})
PROPAGATE_TAGS = ("TASK_DEFINITION", "SERVICE", "NONE")
GRACE_PERIOD_MAX_S = 2_147_483_647


def create_service(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    if not SERVICE_NAME.fullmatch(request.service_name):
        raise invalid(
            "The specified service name is invalid. Up to 255 letters (uppercase and lowercase), numbers, "
            "underscores, and hyphens are allowed."
        )
    arn = call.place.service(cluster.cluster_name, request.service_name)
    digest = request_digest(request)
    existing = call.store.state.get(Service, arn)
    if existing is not None and existing.status != "INACTIVE":
        return repeated(call, existing, request, digest)
    controller = check_kind_of_service(request)
    first = first_deployment(call, cluster, arn, controller, request)
    defaults = DEFAULT_CONFIGURATION if request.scheduling_strategy == "DAEMON" else DeploymentConfiguration()
    configuration = deployment_configuration(request.deployment_configuration, defaults)
    check_controller(controller, configuration.strategy)
    bindings = first.spec.load_balancers if first.spec else ()
    check_shiftable(configuration, bindings)
    check_rules_exist(call.store.state, bindings)
    deployment = None
    if controller == "ECS":
        assert first.revision is not None
        deployment = new_service_deployment(call, first.revision, configuration)
    service = Service(
        service_arn=arn,
        cluster_arn=cluster.cluster_arn,
        desired_count=request.desired_count or 0,
        created_at=call.clock.now_ms(),
        created_by=call.caller_arn,
        client_token=request.client_token,
        request_digest=digest,
        revision_arn=first.revision.service_revision_arn if first.revision else "",
        service_deployment_arn=deployment.service_deployment_arn if deployment else None,
        deployment_configuration=configuration,
        deployment_controller=controller,
        role_arn=default_role(call, first.spec, request.role),
        events=first_events(call, request.service_name, first.spec),
        **options(request, first, configuration),
    )
    with call.store.transaction() as tx:
        forget_history(tx, arn)
        for record in (first.revision, first.task_set, deployment, service):
            if record is not None:
                tx.put(record)
        return {"service": service_wire(tx, service, WITH_TAGS)}


def repeated(call: Call, existing: Service, request: Any, digest: str) -> dict[str, Any]:
    if existing.status == "DRAINING":
        raise invalid("Unable to Start a service that is still Draining.")
    if existing.request_digest != digest or existing.client_token != request.client_token:
        raise invalid("Creation of service was not idempotent.")
    return {"service": service_wire(call.store.state, existing, WITH_TAGS)}


def check_kind_of_service(request: Any) -> str:
    """The deployment controller, once it is known to go with the scheduling strategy."""
    controller = controller_of(request.deployment_controller)
    scheduling = one_of(request.scheduling_strategy, ("REPLICA", "DAEMON"), "schedulingStrategy")
    if scheduling == "DAEMON":
        check_daemon_request(request)
        check_daemon_controller(controller)
        return controller
    if request.desired_count is None:
        raise invalid("The replica scheduling strategy requires a desired count. Specify one and try again.")
    check_count(request.desired_count)
    return controller


def check_count(desired_count: int) -> None:
    if desired_count < 0:
        raise invalid("desiredCount must be 0 or greater.")


def options(request: Any, first: FirstDeployment, configuration: DeploymentConfiguration) -> dict[str, Any]:
    grace_period_s = request.health_check_grace_period_seconds or 0
    check_grace_period(grace_period_s)
    rebalancing = one_of(
        request.availability_zone_rebalancing, ("ENABLED", "DISABLED"), "availabilityZoneRebalancing"
    )
    eligible = "ENABLED" if configuration.maximum_percent > 100 else "DISABLED"
    return {
        "health_check_grace_period_s": grace_period_s,
        "placement_constraints": placement_constraints(
            request.placement_constraints, first.definition_constraints, first.launch_type
        ),
        "placement_strategy": placement_strategy(request.placement_strategy, first.launch_type),
        "scheduling_strategy": request.scheduling_strategy or "REPLICA",
        "availability_zone_rebalancing": rebalancing or eligible,
        "enable_ecs_managed_tags": bool(request.enable_ecs_managed_tags),
        "enable_execute_command": bool(request.enable_execute_command),
        "propagate_tags": one_of(request.propagate_tags, PROPAGATE_TAGS, "propagateTags") or "NONE",
        "tags": checked_tags(request.tags),
    }


def check_grace_period(grace_period_s: int) -> None:
    if not 0 <= grace_period_s <= GRACE_PERIOD_MAX_S:
        raise invalid(f"healthCheckGracePeriodSeconds must be between 0 and {GRACE_PERIOD_MAX_S}.")


def first_events(call: Call, service_name: str, spec: RevisionSpec | None) -> tuple[Event, ...]:
    """Said where whoever watches the service will see it: what of the request does nothing here."""
    if spec is None:
        return ()
    definition = call.store.state.get(TaskDefinition, spec.task_definition_arn)
    found = definition is not None and definition.network_mode == "awsvpc"
    kept = [name for name in KEPT.values() if spec.verbatim.get(name) and not (found and name in FOUND_BY)]
    texts = [f"keeps {', '.join(kept)} as given, but a local ECS does not act on it."] if kept else []
    for name, port, own in other_ports(spec.verbatim.get("serviceConnectConfiguration") or {}, definition):
        text = f"is {name} on the container's own port {own}, not on {port}: a local ECS has no proxies."
        texts.append(text)
    now_ms = call.clock.now_ms()
    return tuple(
        Event(event_id=call.ids.uuid(), created_at=now_ms, message=f"(service {service_name}) {text}")
        for text in texts
    )


def describe_services(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    if not request.services:
        raise invalid("Services cannot be empty.")
    if len(request.services) > 10:
        raise invalid("services can have at most 10 items.")
    include = frozenset(request.include or ())
    state = call.store.state
    services, failures = [], []
    for arn in (resource_arn(call, cluster.cluster_arn, "service", name) for name in request.services):
        service = state.get(Service, arn)
        if service is None:
            failures.append(missing(arn))
        else:
            services.append(service_wire(state, service, include))
    return {"services": services, "failures": failures}


def list_services(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    arns = [
        service.service_arn
        for service in call.store.state.by(Service, "cluster_arn", cluster.cluster_arn)
        if service.status == "ACTIVE"
        and request.launch_type in (None, launch_type_of(call, service))
        and request.scheduling_strategy in (None, service.scheduling_strategy)
        and request.resource_management_type in (None, "CUSTOMER")
    ]
    shown, next_token = page(arns, request, default=10)
    return with_token({"serviceArns": shown}, next_token)


def launch_type_of(call: Call, service: Service) -> str | None:
    revision = call.store.state.get(ServiceRevision, service.revision_arn)
    return revision.launch_type if revision is not None else None


def delete_service(call: Call, request: Any) -> dict[str, Any]:
    service = service_of(call, cluster_of(call, request.cluster).cluster_arn, request.service)
    if service.status == "INACTIVE":
        return {"service": service_wire(call.store.state, service)}
    tasks = [t for t in call.store.state.by(Task, "service_arn", service.service_arn) if not t.stopped]
    daemon = service.scheduling_strategy == "DAEMON"  # nobody can scale it down before
    if service.status == "ACTIVE" and not request.force and not daemon:
        if service.desired_count > 0:
            raise invalid("The service cannot be stopped while it is scaled above 0.")
        if tasks or call.store.state.count_by(TaskSet, "service_arn", service.service_arn):
            raise invalid("The service cannot be stopped while deployments are active.")
    with call.store.transaction() as tx:
        request_stop(tx, service, call.clock.now_ms())
        for task_set in tx.by(TaskSet, "service_arn", service.service_arn):
            tx.put(replace(task_set, status="DRAINING", updated_at=call.clock.now_ms()))
        tx.put(replace(service, status="DRAINING", desired_count=0))
        if not tasks:
            close(tx, service, call.clock.now_ms())
        ended = tx.get(Service, service.service_arn)
        assert ended is not None
        return {"service": service_wire(tx, ended)}


def close(tx: Transaction, service: Service, now_ms: int) -> None:
    """There is nothing to drain: what the services loop would do is done at once."""
    reason = "The service was deleted, and it has no tasks."
    if service.service_deployment_arn is not None:
        arn, text = (
            service.service_deployment_arn,
            "The service was deleted.",
        )
        stop = StopDeployment(service_deployment_arn=arn, status="STOPPED", status_reason=text, reason=reason)
        commit_plan(tx, (stop,), now_ms)
    commit_plan(tx, (CloseService(service_arn=service.service_arn, reason=reason),), now_ms)
