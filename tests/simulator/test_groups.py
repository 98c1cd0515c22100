"""Groups of capacity providers in the simulated world: their machines come and go as is decided."""

from __future__ import annotations

import asyncio
from typing import Any

from shipway.model.capacity_provider import GroupSize
from shipway.model.container_instance import ContainerInstance
from shipway.model.snapshot import InstanceSize
from shipway.simulator.group_sizes import Template
from shipway.simulator.groups import GroupMachines
from shipway.simulator.world import World
from tests.simulator.stories import is_steady, register, told, until

SMALL = Template(size=InstanceSize(1024, 128), zones=("b",), boot_s=(40.0, 40.0))


async def provided(world: World, size: GroupSize, **provider: Any) -> GroupMachines:
    """The cluster's only capacity is a provider with a group of small machines."""
    machines = GroupMachines(world)
    world.set_group("workers", size, SMALL)
    group = {"autoScalingGroupArn": "workers", **provider}
    await world.call("CreateCapacityProvider", name="provider", autoScalingGroupProvider=group)
    await world.call(
        "PutClusterCapacityProviders",
        cluster="default",
        capacityProviders=["provider"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "provider", "weight": 1}],
    )
    return machines


def active(world: World) -> list[ContainerInstance]:
    return [each for each in world.store.state.all(ContainerInstance) if each.status == "ACTIVE"]


def test_tasks_that_wait_bring_machines_of_the_group_s_size() -> None:
    """Five tasks of 64 MiB need three machines of 128, which boot for 40 s. The first task settles the image,
    then the others ask for room.
    """

    async def story(world: World) -> None:
        machines = await provided(world, GroupSize(maximum=5))
        await register(world)
        await world.call("CreateService", serviceName="web", taskDefinition="web", desiredCount=5)
        await asyncio.sleep(39)
        assert (len(active(world)), machines.booting) == (0, 1)
        await asyncio.sleep(30)
        assert (len(active(world)), machines.booting) == (1, 2)
        await until(world, is_steady, within_s=30)
        assert [each.availability_zone[-1] for each in active(world)] == ["b", "b", "b"]
        assert machines.booting == 0

    told(story)


def test_the_owner_s_wish_terminates_machines_and_their_tasks_move() -> None:
    """Without managed scaling the group is as large as its owner wants."""

    async def story(world: World) -> None:
        await provided(world, GroupSize(desired=3), managedScaling={"status": "DISABLED"})
        await asyncio.sleep(60)
        await register(world)
        await world.call("CreateService", serviceName="web", taskDefinition="web", desiredCount=2)
        await until(world, is_steady)
        world.set_group("workers", GroupSize(desired=1))
        await asyncio.sleep(120)
        await until(world, is_steady)
        assert len(active(world)) == len(world.fleet.agents) == 1

    told(story)


def test_a_member_that_is_deregistered_is_replaced_by_another_machine() -> None:
    """As local ECS has it; and nothing of it runs on."""

    async def story(world: World) -> None:
        await provided(world, GroupSize(desired=1), managedScaling={"status": "DISABLED"})
        await asyncio.sleep(60)
        (first,) = active(world)
        await world.call(
            "DeregisterContainerInstance", containerInstance=first.container_instance_arn, force=True
        )
        await asyncio.sleep(60)
        (second,) = active(world)
        assert second.ec2_instance_id != first.ec2_instance_id
        assert list(world.fleet.agents) == [second.ec2_instance_id]

    told(story)


def test_machines_come_and_go_though_the_control_plane_was_killed() -> None:
    """What the record says is followed from its start on."""

    async def story(world: World) -> None:
        machines = await provided(world, GroupSize(maximum=5))
        await register(world)
        await world.call("CreateService", serviceName="web", taskDefinition="web", desiredCount=4)
        await asyncio.sleep(20)
        world.kill()
        await asyncio.sleep(60)
        await world.start()
        await until(world, is_steady)
        await world.call("UpdateService", service="web", desiredCount=0)
        await asyncio.sleep(40 * 60)
        assert (active(world), dict(world.fleet.agents), machines.booting) == ([], {}, 0)

    told(story)
