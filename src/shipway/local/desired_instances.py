"""Which container instances should exist, from the clusters and the settings alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.container_instance import LENT

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
    clusters: Iterable[Cluster], settings: InstanceSettings, fargate: bool
) -> tuple[InstanceSpec, ...]:
    """N instances over three zones for each active cluster, and a hidden one while Fargate is in use."""
    names = sorted(c.cluster_name for c in clusters if c.status == "ACTIVE" and not c.hidden)
    specs = [
        InstanceSpec(
            name=f"{folder_name(cluster_name)}-{number + 1}",
            cluster_name=cluster_name,
            availability_zone=settings.region + ZONES[number % len(ZONES)],
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            attributes={LENT: "true"},
        )
        for cluster_name in names
        for number in range(settings.instances)
    ]
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


def folder_name(cluster_name: str) -> str:
    if len(cluster_name) <= NAME_LENGTH_MAX:
        return cluster_name
    return f"{cluster_name[:NAME_LENGTH_MAX]}-{zlib.crc32(cluster_name.encode()):08x}"
