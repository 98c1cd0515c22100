"""What the DAEMON scheduling strategy allows in a request, and the desired count that it computes."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.identifiers import invalid
from shipway.model.record import Document
from shipway.model.service import DeploymentConfiguration, Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.birth import definition_constraints
from shipway.scheduler.daemon_seats import eligible
from shipway.store import Reads
from shipway.store.fleet import fleet_of

DEFAULT_CONFIGURATION = DeploymentConfiguration(minimum_healthy_percent=0, maximum_percent=100)


def check_daemon_request(request: Any) -> None:
    """The members that a DAEMON service has no use for."""
    if request.desired_count is not None:
        raise invalid(
            "The daemon scheduling strategy does not support a desired count for services. "
            "Remove the desired count value and try again"
        )
    if request.placement_strategy:
        raise invalid(
            "The daemon scheduling strategy does not support placement strategies. "
            "Remove the placement strategy and try again"
        )
    given = request.deployment_configuration
    if given is not None and (given.maximum_percent or 0) > 100:
        raise invalid(
            "The daemon scheduling strategy does not support values above 100 for maximumPercent on a "
            "deployment configuration. Change the maximumPercent value to 100, and try again"
        )
    if given is not None and given.strategy not in (None, "ROLLING"):
        raise invalid(f"The daemon scheduling strategy does not support the {given.strategy} strategy.")


def check_daemon_controller(controller: str) -> None:
    if controller != "ECS":
        raise invalid(
            f"The daemon scheduling strategy is not supported with the {controller} deployment controller."
        )


def check_daemon_capacity(launch_type: str, strategy: tuple[Document, ...]) -> None:
    """Also for what comes from the cluster's default strategy."""
    if strategy:
        raise invalid(
            "Specifying a capacity provider strategy is not supported when you create a service using the "
            "DAEMON scheduling strategy."
        )
    if launch_type == "FARGATE":
        raise invalid("The daemon scheduling strategy is not supported with FARGATE launch type.")


def desired_count_of(state: Reads, service: Service) -> int:
    """What the user wants; for a DAEMON service, on how many instances a task should be."""
    if service.scheduling_strategy != "DAEMON" or service.status != "ACTIVE":
        return service.desired_count
    revision = state.get(ServiceRevision, service.revision_arn)
    definition = state.get(TaskDefinition, revision.task_definition_arn) if revision else None
    own = definition_constraints(definition) if definition else ()
    constraints = (*own, *service.placement_constraints)
    fleet = fleet_of(state, service.cluster_arn)
    return len(eligible(fleet, constraints, f"service:{service.service_name}"))
