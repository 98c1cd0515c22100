"""Where a scenario's tasks run besides its fixed fleet: capacity providers, and who asks for them."""

from __future__ import annotations

import random
from typing import Any

from shipway.model.actions import StopTask
from shipway.model.capacity_provider import FARGATE_PROVIDERS, GroupSize
from shipway.model.snapshot import InstanceSize
from shipway.model.task import Task
from shipway.simulator.group_sizes import Template
from shipway.simulator.groups import GroupMachines
from shipway.simulator.scenarios.description import Behaviour, Machines, Scenario, Service
from shipway.simulator.world import World
from shipway.store.commit import commit_plan

Document = dict[str, Any]
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"]}}


async def provide(world: World, scenario: Scenario) -> None:
    """The capacity providers with their groups, and Fargate's, associated with the cluster."""
    groups = scenario.groups
    if groups:
        GroupMachines(world)
    for machines in groups:
        await _create(world, machines)
    names = [machines.provider.name for machines in groups]
    names += FARGATE_PROVIDERS if scenario.fargate else ()
    if not names:
        return
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
    document: Document = {}
    if service.launch_type:
        document["launchType"] = service.launch_type
    if service.capacity_provider_strategy:
        document["capacityProviderStrategy"] = [
            {"capacityProvider": item.capacity_provider, "base": item.base, "weight": item.weight}
            for item in service.capacity_provider_strategy
        ]
    if service.fargate:
        document["networkConfiguration"] = NETWORK
    return document


def size_of_task(service: Service, behaviour: Behaviour) -> Document:
    """What a task definition for Fargate says besides its containers."""
    if not service.fargate:
        return {}
    return {
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": str(behaviour.cpu),
        "memory": str(behaviour.memory),
    }


async def interrupt(world: World, service_name: str, count: int, chance: random.Random) -> None:
    """What FARGATE_SPOT does when it needs its capacity back: tasks get SIGTERM, whatever they do."""
    store = world.store
    running = [
        task
        for task in store.state.all(Task)
        if task.group == f"service:{service_name}"
        and task.capacity_provider_name == "FARGATE_SPOT"
        and task.live
        and task.running
    ]
    running.sort(key=lambda task: task.task_arn)
    actions = tuple(
        StopTask(
            task_arn=task.task_arn,
            version=task.version,
            stop_code="SpotInterruption",
            stopped_reason="Your Spot Task was interrupted.",
            reason="The scenario says so.",
        )
        for task in chance.sample(running, min(count, len(running)))
    )
    with store.transaction() as tx:
        commit_plan(tx, actions, world.clock.now_ms())
    await store.durable()
