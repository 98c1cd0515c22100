"""A deployment by CodeDeploy: its plan, and the AppSpec that says what the replacement is. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import REGISTERED, CreateCodeDeployment, UpdateService
from shipway.deploy.planning.canonical import covers

Members = dict[str, Any]

# What UpdateService may change of a service whose deployments are CodeDeploy's (ECS UpdateService).
UPDATABLE = (
    "desiredCount",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "enableECSManagedTags",
    "propagateTags",
)
# What an AppSpec says of the replacement (CodeDeploy, "AppSpec 'resources' section").
OF_THE_REPLACEMENT = ("platformVersion", "networkConfiguration", "capacityProviderStrategy")


@dataclass(frozen=True)
class CodeDeployWish:
    """Where in CodeDeploy the service is; ECS's console names both so."""

    application: str
    deployment_group: str
    config: str | None = None
    hooks: tuple[Members, ...] = ()


def code_deploy_wish(cluster: str, service: str, block: Any) -> CodeDeployWish:
    """`block` is the file's code_deploy, if it has one."""
    return CodeDeployWish(
        application=(block and block.application) or f"AppECS-{cluster}-{service}",
        deployment_group=(block and block.deployment_group) or f"DgpECS-{cluster}-{service}",
        config=block.config if block else None,
        hooks=tuple({name: function} for name, function in block.hooks.items()) if block else (),
    )


def deployed_definition(service: Members) -> str | None:
    """What serves the traffic: the PRIMARY task set's revision."""
    for task_set in service.get("taskSets") or ():
        if task_set.get("status") == "PRIMARY":
            return str(task_set.get("taskDefinition"))
    return service.get("taskDefinition")


def plan_code_deploy(
    service: Members, written: Members, task_definition: str, wish: CodeDeployWish, *, force: bool
) -> tuple[UpdateService | CreateCodeDeployment, ...]:
    """`task_definition` is the revision to deploy, or the one that is only registered by the plan."""
    name = str(service["serviceName"])
    changed = {
        key: written[key]
        for key in UPDATABLE
        if key in written and not covers(service.get(key), written[key])
    }
    primary: Members = next(iter(service.get("taskSets") or ()), {})
    replaced = [
        key
        for key in OF_THE_REPLACEMENT
        if key in written and not covers(primary.get(key, service.get(key)), written[key])
    ]
    new = task_definition == REGISTERED or task_definition != deployed_definition(service)
    actions: list[UpdateService | CreateCodeDeployment] = []
    if changed:
        reason = f"{', '.join(sorted(changed))} differs from the live service"
        actions.append(UpdateService(name, None, changed, None, deploys=False, reason=reason))
    if new or replaced or force:
        reason = (
            "the task definition differs from the one in use"
            if new
            else f"{', '.join(replaced)} differs from the live task set"
            if replaced
            else "a new deployment was asked for"
        )
        actions.append(
            CreateCodeDeployment(
                service=name,
                application=wish.application,
                deployment_group=wish.deployment_group,
                config=wish.config,
                task_definition=task_definition,
                properties=properties_of(service, written),
                hooks=wish.hooks,
                reason=reason,
            )
        )
    return tuple(actions)


def properties_of(service: Members, written: Members) -> Members:
    """All of an AppSpec's properties but the task definition, which may not be registered yet."""
    balancer = next(iter(written.get("loadBalancers") or _balancers(service)), None)
    if balancer is None or "containerName" not in balancer:
        raise DeployError(
            f"The service {service['serviceName']} is deployed by CodeDeploy, which moves traffic to a "
            "container's port; but neither the file nor the service says which (service.loadBalancers)."
        )
    container = {"ContainerName": balancer["containerName"], "ContainerPort": balancer["containerPort"]}
    kept = {key: written[key] for key in OF_THE_REPLACEMENT if key in written}
    return {"LoadBalancerInfo": container, **{upper(key): uppered(value) for key, value in kept.items()}}


def _balancers(service: Members) -> list[Members]:
    found = list(service.get("loadBalancers") or ())
    for task_set in service.get("taskSets") or ():
        found += task_set.get("loadBalancers") or ()
    return found


def specification(action: CreateCodeDeployment, task_definition: str) -> str:
    """As JSON, which CodeDeploy reads as it does YAML."""
    properties = {"TaskDefinition": task_definition, **action.properties}
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    document: Members = {"version": 0.0, "Resources": [resource]}
    if action.hooks:
        document["Hooks"] = list(action.hooks)
    return json.dumps(document)


def uppered(value: Any) -> Any:
    """An AppSpec's members begin with capitals."""
    if isinstance(value, dict):
        return {upper(key): uppered(item) for key, item in value.items()}
    return [uppered(item) for item in value] if isinstance(value, list | tuple) else value


def upper(key: str) -> str:
    return key[:1].upper() + key[1:]
