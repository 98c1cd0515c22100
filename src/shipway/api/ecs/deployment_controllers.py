"""What each deployment controller leaves to CreateService and UpdateService, in ECS's words where known."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.identifiers import invalid, one_of
from shipway.api.ecs.service_rules import RevisionSpec

CONTROLLERS = ("ECS", "CODE_DEPLOY", "EXTERNAL")
BY_TASK_SETS = ("CODE_DEPLOY", "EXTERNAL")

# CreateService with EXTERNAL: these belong to the task sets.
BLANK = {
    "task_definition": "TaskDefinition",
    "launch_type": "LaunchType",
    "platform_version": "PlatformVersion",
}
EMPTY = {
    "load_balancers": "LoadBalancers",
    "service_registries": "ServiceRegistries",
    "network_configuration": "NetworkConfiguration",
    "capacity_provider_strategy": "CapacityProviderStrategy",
}

# UpdateService: what a new deployment brings, and so is not for the service to change.
DEPLOYED = {
    "task_definition": "task definition",
    "network_configuration": "network parameters",
    "platform_version": "platform version",
    "load_balancers": "load balancers",
    "service_registries": "service registries",
    "capacity_provider_strategy": "capacity provider strategy",
    "service_connect_configuration": "Service Connect configuration",
    "volume_configurations": "volume configurations",
    "vpc_lattice_configurations": "VPC Lattice configurations",
}
INSTEAD = {
    "CODE_DEPLOY": "Use AWS CodeDeploy to trigger a new deployment.",
    "EXTERNAL": "Create a new task set instead.",
}


def controller_of(given: Any) -> str:
    controller = given.type if given is not None else None
    return one_of(controller, CONTROLLERS, "deploymentController.type") or "ECS"


def check_external_request(request: Any) -> None:
    for member, name in BLANK.items():
        if getattr(request, member):
            raise invalid(f"{name} must be blank")
    for member, name in EMPTY.items():
        if getattr(request, member):
            raise invalid(f"{name} must be empty or null")


def check_code_deploy_spec(spec: RevisionSpec) -> None:
    if not spec.load_balancers:
        raise invalid(
            "When the deployment controller is CODE_DEPLOY, the service requires an Application Load "
            "Balancer or Network Load Balancer."
        )
    check_target_groups(spec)


def check_target_groups(spec: RevisionSpec) -> None:
    if len(spec.load_balancers) > 1:
        raise invalid("The loadBalancers of a task set can have at most 1 item.")


def check_update(controller: str, request: Any) -> None:
    """UpdateService on a service whose deployments are driven from outside."""
    for member, name in DEPLOYED.items():
        if getattr(request, member) is not None:
            raise invalid(
                f"Unable to update {name} on services with a {controller} deployment controller. "
                f"{INSTEAD[controller]}"
            )
    if request.force_new_deployment:
        raise invalid(
            f"Cannot force a new deployment on services with a {controller} deployment controller. "
            f"{INSTEAD[controller]}"
        )
