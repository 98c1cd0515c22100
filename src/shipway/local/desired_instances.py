"""Which container instances should exist, from the clusters and the settings alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from shipway.model.capacity_provider import AUTO_SCALING, CapacityProvider
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.container_instance import CAPACITY_PROVIDER, LENT, MEMBER_NUMBER

ZONES = ("a", "b", "c")
FARGATE_ATTRIBUTES = {"shipway.fargate": "true"}
FARGATE_CPU = 1024 * 1024  # Fargate's capacity is not the user's concern; each task's size is
FARGATE_MEMORY_MIB = 16 * 1024 * 1024
NAME_LENGTH_MAX = 200  # of the cluster's part: the whole becomes the name of a folder


class InstanceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What decides how many instances there are, and how large each is."""

    instances: int
    region: str
    cpu: int
    memory_mib: int


class InstanceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One container instance that should exist."""

    name: str
    cluster_name: str
    availability_zone: str
    cpu: int
    memory_mib: int
    attributes: dict[str, str] = {}


def desired_instances(
    clusters: Iterable[Cluster],
    settings: InstanceSettings,
    fargate: bool,
    providers: Iterable[CapacityProvider] = (),
) -> tuple[InstanceSpec, ...]:
    """N instances over three zones for each active cluster, and for each Managed Instances provider in it;
    the members of the groups that it is associated with; a hidden one while Fargate is in use.
    """
    active = {c.cluster_arn: c for c in clusters if c.status == "ACTIVE" and not c.hidden}
    numbers = range(1, settings.instances + 1)
    specs = [
        spec
        for name in sorted(cluster.cluster_name for cluster in active.values())
        for spec in instances_of(name, numbers, settings)
    ]
    for provider in providers:
        if provider.kind == AUTO_SCALING:
            homes = [c for c in active.values() if provider.name in c.capacity_providers]
            wanted: Iterable[int] = provider.members
        else:
            homes = [active[provider.cluster_arn]] if provider.cluster_arn in active else []
            wanted = numbers
        for home in homes:
            specs += instances_of(home.cluster_name, wanted, settings, provider.name)
    if fargate:
        specs.append(
            InstanceSpec(
                name=f"{FARGATE_CLUSTER}-1",
                cluster_name=FARGATE_CLUSTER,
                availability_zone=settings.region + ZONES[0],
                cpu=FARGATE_CPU,
                memory_mib=FARGATE_MEMORY_MIB,
                attributes=FARGATE_ATTRIBUTES,
            )
        )
    return tuple(specs)


def instances_of(
    cluster_name: str, numbers: Iterable[int], settings: InstanceSettings, provider_name: str | None = None
) -> list[InstanceSpec]:
    """`.` is in no name of a cluster or a provider, so that no two of them make one name."""
    folder = folder_name(f"{cluster_name}.{provider_name}" if provider_name else cluster_name)
    return [
        InstanceSpec(
            name=f"{folder}-{number}",
            cluster_name=cluster_name,
            availability_zone=settings.region + ZONES[(number - 1) % len(ZONES)],
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            attributes={LENT: "true"} | member_attributes(provider_name, number),
        )
        for number in numbers
    ]


def member_attributes(provider_name: str | None, number: int) -> dict[str, str]:
    """By which an instance of a capacity provider says whose it is."""
    return {CAPACITY_PROVIDER: provider_name, MEMBER_NUMBER: str(number)} if provider_name else {}


def folder_name(cluster_name: str) -> str:
    if len(cluster_name) <= NAME_LENGTH_MAX:
        return cluster_name
    return f"{cluster_name[:NAME_LENGTH_MAX]}-{zlib.crc32(cluster_name.encode()):08x}"
