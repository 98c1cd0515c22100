"""A group of container instances on local ECS: a capacity provider alone, whose tags say how large it may be.

There is no machine to describe there, so there is no stack; the control plane starts and stops the instances.
"""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.infrastructure.instances_template import InstancesWish

Members = dict[str, Any]


def ensure_local_group(aws: Aws, wish: InstancesWish) -> bool:
    """Make the group, or give it its new size; whether there was anything to do."""
    sizes = {"shipway:minimum": str(wish.count), "shipway:maximum": str(max(wish.count, wish.maximum, 1))}
    tags = [{"key": key, "value": value} for key, value in sizes.items()]
    found = aws.ecs.capacity_provider(wish.name)
    if found is None:
        scaling = {"status": "ENABLED", "targetCapacity": wish.target_capacity_percent}
        group = {"autoScalingGroupArn": wish.name, "managedScaling": scaling}
        aws.ecs.create_capacity_provider({"name": wish.name, "autoScalingGroupProvider": group, "tags": tags})
        return True
    before = {str(tag["key"]): str(tag["value"]) for tag in found.get("tags") or ()}
    if sizes.items() <= before.items():
        return False
    aws.ecs.tag(str(found["capacityProviderArn"]), tags)
    return True


def delete_local_group(aws: Aws, name: str) -> None:
    if aws.ecs.capacity_provider(name) is None:
        raise DeployError(f"There is no group {name}. `shipway instances list` shows what there is.")
    aws.ecs.delete_capacity_provider(name)
