"""Where the tasks of simulated services run: launch types, capacity provider strategies, the providers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from shipway.model.capacity_provider import FARGATE_PROVIDERS, GroupSize
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.snapshot import InstanceSize, Timing
from shipway.simulator.group_sizes import Template
from shipway.simulator.options import Features
from shipway.simulator.requests import Style
from shipway.simulator.world import World

Document = dict[str, Any]
GROUPS = ("group-a", "group-b", "group-c")
FARGATE_CPU, FARGATE_MEMORY = 1024 * 1024, 16 * 1024 * 1024


def with_capacity(chance: random.Random, features: Features, style: Style) -> Style:
    """The style of a service that says where its tasks run. A DAEMON service cannot choose."""
    if features.fargate and not style.daemon and chance.random() < 0.5:
        if chance.random() < 0.3:
            return on_fargate(style, {"launchType": "FARGATE"})
        return on_fargate(style, {"capacityProviderStrategy": strategy(chance, FARGATE_PROVIDERS)})
    if not features.providers:
        return style
    if style.daemon or chance.random() < 0.2:
        return replace(style, capacity={"launchType": "EC2"})
    if chance.random() < 0.3:
        return style  # the cluster's default strategy
    return replace(style, capacity={"capacityProviderStrategy": strategy(chance, GROUPS)})


def on_fargate(style: Style, capacity: Document) -> Style:
    return replace(style, capacity=capacity, fargate=True, awsvpc=True, host_port=0)


def strategy(chance: random.Random, names: Sequence[str]) -> list[Document]:
    """Some of these providers, in some order, with weights, and perhaps a base."""
    chosen = chance.sample(names, chance.randint(1, len(names)))
    items: list[Document] = [
        {"capacityProvider": name, "weight": chance.choice((0, 1, 1, 2, 3))} for name in chosen
    ]
    if len(items) > 1 and not any(item["weight"] for item in items):
        items[-1]["weight"] = 1
    if chance.random() < 0.5:
        chance.choice(items)["base"] = chance.randint(1, 3)
    return items


def changed(chance: random.Random, style: Style) -> Document:
    """Another strategy over the same kind of providers."""
    names = FARGATE_PROVIDERS if style.fargate else GROUPS
    return {"capacityProviderStrategy": strategy(chance, names)}


def has_strategy(style: Style, features: Features) -> bool:
    return style.fargate or (features.providers and "launchType" not in style.capacity)


def timing(chance: random.Random, features: Features) -> Timing:
    """Groups shrink soon, so that it is seen."""
    if not features.scaling:
        return Timing()
    return Timing(shrink_quiet_ms=chance.choice((10_000, 60_000)), shrink_step_ms=10_000)


async def prepare(world: World, features: Features, size: InstanceSize) -> None:
    """The providers of the world, associated with its cluster; Fargate's instance."""
    chance = world.chance.of("providers")
    names: list[str] = []
    if features.fargate:
        world.add_instances(
            1,
            cluster=FARGATE_CLUSTER,
            cpu=FARGATE_CPU,
            memory=FARGATE_MEMORY,
            attributes={"shipway.fargate": "true"},
        )
        names += FARGATE_PROVIDERS
    if features.providers:
        for name in GROUPS:
            world.set_group(name, drawn_size(chance), Template(size=size))
            group = {"autoScalingGroupArn": name, **settings(chance, features)}
            await world.call("CreateCapacityProvider", name=name, autoScalingGroupProvider=group)
        names += GROUPS
    if names:
        default = strategy(chance, GROUPS) if features.providers else []
        await world.call(
            "PutClusterCapacityProviders",
            cluster="default",
            capacityProviders=names,
            defaultCapacityProviderStrategy=default,
        )


def settings(chance: random.Random, features: Features) -> Document:
    """Of an autoScalingGroupProvider."""
    if not features.scaling:
        return {"managedScaling": {"status": "DISABLED"}}
    scaling = {
        "status": "ENABLED",
        "targetCapacity": chance.choice((100, 100, 60)),
        "minimumScalingStepSize": chance.choice((1, 2)),
        "maximumScalingStepSize": chance.choice((2, 10)),
        "instanceWarmupPeriod": chance.choice((0, 30, 300)),
    }
    return {
        "managedScaling": scaling,
        "managedTerminationProtection": chance.choice(("ENABLED", "DISABLED")),
        "managedDraining": chance.choice(("ENABLED", "ENABLED", "DISABLED")),
    }


def drawn_size(chance: random.Random) -> GroupSize:
    minimum, desired = chance.choice((0, 0, 1)), chance.randint(1, 3)
    return GroupSize(minimum=minimum, desired=desired, maximum=desired + chance.randint(0, 3))
