"""Clusters."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.arn import short_name
from shipway.model.record import Document, Record

FARGATE_CLUSTER = "shipway-fargate"
"""Fargate's own container instances live in a cluster that the API never shows."""


class Cluster(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "cluster_arn"

    cluster_arn: str
    status: str = "ACTIVE"
    created_at: int = 0
    settings: tuple[Document, ...] = ()
    configuration: Document | None = None
    capacity_providers: tuple[str, ...] = ()
    default_capacity_provider_strategy: tuple[Document, ...] = ()
    service_connect_defaults: Document | None = None
    tags: tuple[Document, ...] = ()

    @property
    def cluster_name(self) -> str:
        return short_name(self.cluster_arn)

    @property
    def hidden(self) -> bool:
        return self.cluster_name == FARGATE_CLUSTER
