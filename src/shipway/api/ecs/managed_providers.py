"""Capacity providers: create, update, delete, describe. Fargate's two always exist.

Providers of Managed Instances live in one cluster, which gets instances of theirs. Auto Scaling groups are
refused.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.capacity_providers import FARGATE_PROVIDERS, unsupported
from shipway.api.ecs.identifiers import at_most, cluster_of, invalid, missing
from shipway.api.ecs.moments import present
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.arn import short_name
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.daemon import Daemon, DaemonRevision
from shipway.model.record import Document

NAME = re.compile(r"(?!aws|ecs|fargate)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)
WITH_TAGS = frozenset({"TAGS"})


def create_capacity_provider(call: Call, request: Any) -> dict[str, Any]:
    if not NAME.fullmatch(request.name):
        raise invalid(
            "The specified capacity provider name is invalid. Up to 255 letters (uppercase and lowercase), "
            "numbers, underscores, and hyphens are allowed. The name cannot be prefixed with 'aws', 'ecs', "
            "or 'fargate'."
        )
    if (request.auto_scaling_group_provider is None) == (request.managed_instances_provider is None):
        raise invalid("Specify either an autoScalingGroupProvider or a managedInstancesProvider.")
    if request.auto_scaling_group_provider is not None:
        raise unsupported("Auto Scaling group capacity providers")
    if not request.cluster:
        raise invalid("A Managed Instances capacity provider requires a cluster.")
    cluster = cluster_of(call, request.cluster)
    arn = call.place.capacity_provider(request.name)
    if call.store.state.get(CapacityProvider, arn) is not None:
        raise invalid("The specified capacity provider already exists.")
    provider = CapacityProvider(
        capacity_provider_arn=arn,
        cluster_arn=cluster.cluster_arn,
        created_at=call.clock.now_ms(),
        settings=document(request.managed_instances_provider),
        tags=checked_tags(request.tags),
    )
    with call.store.transaction() as tx:
        tx.put(provider)
    return {"capacityProvider": provider_wire(provider, WITH_TAGS)}


def update_capacity_provider(call: Call, request: Any) -> dict[str, Any]:
    provider = known_provider(call, request.name)
    if request.auto_scaling_group_provider is not None:
        raise unsupported("Auto Scaling group capacity providers")
    changes: Document = document(request.managed_instances_provider) or {}
    changed = replace(provider, settings={**provider.settings, **changes}, update_status="UPDATE_COMPLETE")
    with call.store.transaction() as tx:
        tx.put(changed)
    return {"capacityProvider": provider_wire(changed)}


def delete_capacity_provider(call: Call, request: Any) -> dict[str, Any]:
    """Its instances go with it; what runs on them is stopped as on a machine that is terminated."""
    provider = known_provider(call, request.capacity_provider)
    if any(
        provider.capacity_provider_arn in revision.capacity_provider_arns
        for daemon in call.store.state.all(Daemon)
        if (revision := call.store.state.get(DaemonRevision, daemon.revision_arn)) is not None
    ):
        raise invalid("The specified capacity provider is in use by a daemon and cannot be deleted.")
    with call.store.transaction() as tx:
        tx.delete(CapacityProvider, provider.capacity_provider_arn)
    gone = replace(provider, status="INACTIVE", update_status="DELETE_COMPLETE")
    return {"capacityProvider": provider_wire(gone)}


def describe_capacity_providers(call: Call, request: Any) -> dict[str, Any]:
    include = frozenset(request.include or ())
    known: dict[str, Document] = {name: fargate_wire(call, name) for name in FARGATE_PROVIDERS}
    cluster_arn = cluster_of(call, request.cluster).cluster_arn if request.cluster else None
    for provider in call.store.state.all(CapacityProvider):
        if cluster_arn in (None, provider.cluster_arn):
            known[provider.name] = provider_wire(provider, include)
    given = at_most(request.capacity_providers, 100, "capacityProviders") or list(known)
    names = [short_name(entry) for entry in given]
    return {
        "capacityProviders": [known[name] for name in names if name in known],
        "failures": [missing(call.place.capacity_provider(name)) for name in names if name not in known],
    }


def known_provider(call: Call, given: str) -> CapacityProvider:
    name = short_name(given)
    if name in FARGATE_PROVIDERS:
        raise invalid(f"The capacity provider {name} is reserved and cannot be changed.")
    provider = call.store.state.get(CapacityProvider, call.place.capacity_provider(name))
    if provider is None:
        raise ApiError(
            "InvalidParameterException",
            "The specified capacity provider does not exist. Specify a valid name or ARN and try again.",
        )
    return provider


def provider_wire(provider: CapacityProvider, include: frozenset[str] = frozenset()) -> Document:
    return {
        "capacityProviderArn": provider.capacity_provider_arn,
        "name": provider.name,
        "status": provider.status,
        "updateStatus": provider.update_status,
        "type": provider.kind,
        "managedInstancesProvider": provider.settings,
        "tags": list(provider.tags) if "TAGS" in include else [],
        **present(cluster=short_name(provider.cluster_arn) if provider.cluster_arn else None),
    }


def fargate_wire(call: Call, name: str) -> Document:
    arn = call.place.capacity_provider(name)
    return {"capacityProviderArn": arn, "name": name, "status": "ACTIVE", "tags": [], "type": name}
