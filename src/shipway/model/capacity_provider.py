"""Capacity providers: where the instances of a capacity provider strategy come from."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.arn import short_name
from shipway.model.record import Document, Record

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
MANAGED_INSTANCES = "MANAGED_INSTANCES"
AUTO_SCALING = "EC2_AUTOSCALING"
MEMBERS_MAX = 10
"""Of a group of which nothing is known: neither an Auto Scaling group nor tags say how large it may be."""


class ManagedScaling(msgspec.Struct, frozen=True, omit_defaults=True):
    """ECS's defaults, which it also shows when the struct was not given."""

    enabled: bool = True
    target_capacity: int = 100
    minimum_step: int = 1
    maximum_step: int = 10_000
    warm_up_s: int = 300


class GroupSize(msgspec.Struct, frozen=True, omit_defaults=True):
    """The Auto Scaling group's limits, and how many instances its owner wants."""

    minimum: int = 0
    maximum: int = MEMBERS_MAX
    desired: int = 0


class CapacityProvider(Record, frozen=True, kw_only=True):
    """Fargate's two are not kept: they always exist. `members` are the numbers of an Auto Scaling group's
    instances, those that still leave included.
    """

    key_member: ClassVar[str] = "capacity_provider_arn"
    indexes: ClassVar[tuple[str, ...]] = ("cluster_arn",)

    capacity_provider_arn: str
    kind: str = MANAGED_INSTANCES
    cluster_arn: str | None = None  # Managed Instances providers live in one cluster only
    status: str = "ACTIVE"
    update_status: str = "CREATE_COMPLETE"
    created_at: int = 0
    settings: Document = {}  # managedInstancesProvider, verbatim
    tags: tuple[Document, ...] = ()

    auto_scaling_group_arn: str = ""
    managed_scaling: ManagedScaling = ManagedScaling()
    termination_protection: bool = False
    draining: bool = True
    group_size: GroupSize = GroupSize()
    members: tuple[int, ...] = ()
    leaving: dict[int, int] = {}  # members that are to go, and since when
    launched_at: int = 0  # when members were last added
    spare_since: int | None = None  # since when there are more members than needed, without a break

    @property
    def name(self) -> str:
        return short_name(self.capacity_provider_arn)

    @property
    def scales(self) -> bool:
        """Whether instances come when tasks wait for them."""
        return self.kind == AUTO_SCALING and self.managed_scaling.enabled


def has_own_instances(name: str | None) -> bool:
    """Not Fargate's: tasks of this provider run on the provider's own instances only."""
    return name is not None and name not in FARGATE_PROVIDERS
