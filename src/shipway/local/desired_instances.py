"""Which container instances should exist, from the clusters and the settings alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.container_instance import LENT

ZONES = ("a", "b", "c")
PROVIDER_ATTRIBUTE = "shipway.capacity-provider"  # of which capacity provider's instances it is
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
    """N instances over three zones for each active cluster, and for each Managed Instances provider in it; a
    hidden one while Fargate is in use.
    """
    active = {c.cluster_arn: c.cluster_name for c in clusters if c.status == "ACTIVE" and not c.hidden}
    specs = [spec for name in sorted(active.values()) for spec in instances_of(name, settings)]
    for provider in providers:
        if provider.cluster_arn in active:
            specs += instances_of(active[provider.cluster_arn], settings, provider.name)
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
    cluster_name: str, settings: InstanceSettings, provider_name: str | None = None
) -> list[InstanceSpec]:
    """`.` is in no name of a cluster or a provider, so that no two of them make one name."""
    folder = folder_name(f"{cluster_name}.{provider_name}" if provider_name else cluster_name)
    return [
        InstanceSpec(
            name=f"{folder}-{number + 1}",
            cluster_name=cluster_name,
            availability_zone=settings.region + ZONES[number % len(ZONES)],
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            attributes={LENT: "true"} | ({PROVIDER_ATTRIBUTE: provider_name} if provider_name else {}),
        )
        for number in range(settings.instances)
    ]


def folder_name(cluster_name: str) -> str:
    if len(cluster_name) <= NAME_LENGTH_MAX:
        return cluster_name
    return f"{cluster_name[:NAME_LENGTH_MAX]}-{zlib.crc32(cluster_name.encode()):08x}"
