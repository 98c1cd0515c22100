"""What a change of each member of UpdateService sets off; tests hold the table to the SDK's own words."""

from __future__ import annotations

from enum import Enum


class Effect(Enum):
    """When a change is felt."""

    DEPLOYMENT = "starts a deployment"
    AT_ONCE = "takes effect at once, no task is replaced"
    NEW_TASKS = "takes effect on tasks started from now on, no task is replaced"
    NEXT_DEPLOYMENT = "takes effect at the next deployment, no task is replaced"


EFFECTS = {
    "taskDefinition": Effect.DEPLOYMENT,
    "forceNewDeployment": Effect.DEPLOYMENT,
    "gatewayConnectors": Effect.DEPLOYMENT,
    "loadBalancers": Effect.DEPLOYMENT,
    "monitoring": Effect.DEPLOYMENT,
    "networkConfiguration": Effect.DEPLOYMENT,
    "platformVersion": Effect.DEPLOYMENT,
    "serviceConnectConfiguration": Effect.DEPLOYMENT,
    "serviceRegistries": Effect.DEPLOYMENT,
    "volumeConfigurations": Effect.DEPLOYMENT,
    "vpcLatticeConfigurations": Effect.DEPLOYMENT,
    "availabilityZoneRebalancing": Effect.AT_ONCE,
    "desiredCount": Effect.AT_ONCE,
    "healthCheckGracePeriodSeconds": Effect.AT_ONCE,
    "capacityProviderStrategy": Effect.NEW_TASKS,
    "enableECSManagedTags": Effect.NEW_TASKS,
    "enableExecuteCommand": Effect.NEW_TASKS,
    "placementConstraints": Effect.NEW_TASKS,
    "placementStrategy": Effect.NEW_TASKS,
    "propagateTags": Effect.NEW_TASKS,
    "deploymentConfiguration": Effect.NEXT_DEPLOYMENT,
    "deploymentController": Effect.NEXT_DEPLOYMENT,
}

# What the table does not know starts none as far as anybody has said.
STARTS_A_DEPLOYMENT = tuple(
    member
    for member, effect in sorted(EFFECTS.items())
    if effect is Effect.DEPLOYMENT and member not in ("taskDefinition", "forceNewDeployment")
)
