"""Where a scenario's tasks run besides its fixed fleet: capacity providers, and who asks for them."""

from __future__ import annotations

from typing import Any

from shipway.model.capacity_provider import GroupSize
from shipway.model.snapshot import InstanceSize
from shipway.simulator.group_sizes import Template
from shipway.simulator.groups import GroupMachines
from shipway.simulator.scenarios.description import Machines, Scenario, Service
from shipway.simulator.world import World

Document = dict[str, Any]


async def provide(world: World, scenario: Scenario) -> None:
    """The capacity providers with their groups, associated with the cluster."""
    groups = scenario.groups
    if not groups:
        return
    GroupMachines(world)
    for machines in groups:
        await _create(world, machines)
    names = [machines.provider.name for machines in groups]
    await world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=names,
        defaultCapacityProviderStrategy=[],
    )


async def _create(world: World, machines: Machines) -> None:
    provider, start = machines.provider, machines.provider.instance_start
    template = Template(
        size=InstanceSize(machines.cpu, machines.memory),
        zones=machines.zones,
        attributes=machines.attributes,
        boot_s=(start.low_s, start.high_s),
    )
    size = GroupSize(minimum=provider.min_size, maximum=provider.max_size, desired=machines.count)
    world.set_group(provider.name, size, template)
    scaling: Document = {
        "status": "ENABLED" if provider.managed_scaling else "DISABLED",
        "targetCapacity": provider.target_capacity,
        "minimumScalingStepSize": provider.minimum_scaling_step_size,
        "maximumScalingStepSize": provider.maximum_scaling_step_size,
        "instanceWarmupPeriod": int(provider.instance_warmup_period),
    }
    group = {"autoScalingGroupArn": provider.name, "managedScaling": scaling}
    await world.call("CreateCapacityProvider", name=provider.name, autoScalingGroupProvider=group)


def where(service: Service) -> Document:
    """What CreateService is told of it."""
    if not service.capacity_provider_strategy:
        return {}
    strategy = [
        {"capacityProvider": item.capacity_provider, "base": item.base, "weight": item.weight}
        for item in service.capacity_provider_strategy
    ]
    return {"capacityProviderStrategy": strategy}
