"""EC2 Auto Scaling, as far as capacity providers ask: how large each group may be, and its machines."""

from __future__ import annotations

import msgspec

from shipway.model.capacity_provider import GroupSize
from shipway.model.snapshot import InstanceSize


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """What the machines of a group are like, and how long one takes from its order until its agent runs."""

    size: InstanceSize = InstanceSize()
    zones: tuple[str, ...] = ("a", "b", "c")
    attributes: dict[str, str] = {}
    boot_s: tuple[float, float] = (0.1, 30.0)


class SimulatedGroups:
    """By name, which serves as the group's ARN as well."""

    def __init__(self) -> None:
        self.sizes: dict[str, GroupSize] = {}
        self.templates: dict[str, Template] = {}
        self.dead_zones: set[str] = set()  # in which no machine starts, unless a group has no other zone

    def size(self, auto_scaling_group_arn: str) -> GroupSize | None:
        return self.sizes.get(auto_scaling_group_arn)

    def new_instance(self, auto_scaling_group_arn: str) -> InstanceSize | None:
        return self.template(auto_scaling_group_arn).size

    def template(self, name: str) -> Template:
        return self.templates.get(name, Template())
