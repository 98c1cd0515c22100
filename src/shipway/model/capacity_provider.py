"""Capacity providers: where the instances of a capacity provider strategy come from."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.arn import short_name
from shipway.model.record import Document, Record

MANAGED_INSTANCES = "MANAGED_INSTANCES"


class CapacityProvider(Record, frozen=True, kw_only=True):
    """Fargate's two are not kept: they always exist."""

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

    @property
    def name(self) -> str:
        return short_name(self.capacity_provider_arn)
