"""Container instances: the machines that tasks are placed on, as their agents registered them."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.arn import cluster_name_of, short_name
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.record import Document, Record

LENT = "shipway.lent"
"""An instance with this attribute was lent to its cluster by local ECS, not brought by the user: it goes
with it.
"""
CAPACITY_PROVIDER = "shipway.capacity-provider"
MEMBER_NUMBER = "shipway.member"
"""Attributes by which a member of a capacity provider's group says whose it is, and which."""


class ContainerInstance(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "container_instance_arn"
    indexes: ClassVar[tuple[str, ...]] = ("cluster_arn", "ec2_instance_id")

    container_instance_arn: str
    cluster_arn: str
    ec2_instance_id: str = ""
    private_ip: str = ""  # where its published ports are reached
    availability_zone: str = ""
    status: str = "ACTIVE"
    status_reason: str = ""
    agent_connected: bool = False
    version: int = 1
    registered_at: int = 0
    disconnected_at: int = 0
    deregistered_at: int = 0
    cpu: int = 0
    memory: int = 0
    gpu_ids: tuple[str, ...] = ()
    ports_tcp: tuple[int, ...] = ()  # reserved at registration
    ports_udp: tuple[int, ...] = ()
    attributes: dict[str, str | None] = {}
    custom_attributes: dict[str, str | None] = {}
    version_info: Document = {}
    total_resources: tuple[Document, ...] = ()
    client_token: str = ""
    capacity_provider_name: str | None = None
    held_by: tuple[str, ...] = ()  # managed daemons (ARNs) that keep it out of service until their task runs
    held_at: int = 0  # since when
    health_statuses: tuple[Document, ...] = ()
    message_seq_num: int = 0  # the highest number given to a payload or a manifest
    tags: tuple[Document, ...] = ()

    @property
    def instance_id(self) -> str:
        return short_name(self.container_instance_arn)

    @property
    def hidden(self) -> bool:
        return cluster_name_of(self.container_instance_arn) == FARGATE_CLUSTER

    @property
    def member_number(self) -> int:
        """Its number in its capacity provider's group; 0 outside any."""
        text = self.all_attributes.get(MEMBER_NUMBER) or ""
        return int(text) if text.isdigit() else 0

    @property
    def all_attributes(self) -> dict[str, str | None]:
        return {**self.attributes, **self.custom_attributes}
