"""Capacity providers: create, update, delete, describe. Fargate's two always exist.

Providers of Managed Instances live in one cluster, which gets instances of theirs. Those over an Auto Scaling
group are associated with a cluster; how large their group is then, docs/design/capacity.md says.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.capacity_provider_rules import (
    check_name,
    group_arn_of,
    group_wire,
    refused,
    size_told_by,
    with_group_settings,
)
from shipway.api.ecs.capacity_providers import UNKNOWN, clusters_with
from shipway.api.ecs.identifiers import at_most, cluster_of, invalid, missing
from shipway.api.ecs.moments import present
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.shapes import document
from shipway.model.arn import short_name
from shipway.model.capacity_provider import (
    AUTO_SCALING,
    FARGATE_PROVIDERS,
    MANAGED_INSTANCES,
    CapacityProvider,
)
from shipway.model.daemon import Daemon, DaemonRevision
from shipway.model.record import Document

WITH_TAGS = frozenset({"TAGS"})


def create_capacity_provider(call: Call, request: Any) -> dict[str, Any]:
    check_name(request.name)
    if (request.auto_scaling_group_provider is None) == (request.managed_instances_provider is None):
        raise invalid("Specify either an autoScalingGroupProvider or a managedInstancesProvider.")
    arn = call.place.capacity_provider(request.name)
    if call.store.state.get(CapacityProvider, arn) is not None:
        raise refused(
            "The specified capacity provider already exists. To change the configuration of an existing "
            "capacity provider, update the capacity provider."
        )
    bare = CapacityProvider(
        capacity_provider_arn=arn, created_at=call.clock.now_ms(), tags=checked_tags(request.tags)
    )
    provider = (
        over_group(call, bare, request.auto_scaling_group_provider)
        if request.auto_scaling_group_provider is not None
        else of_managed_instances(call, bare, request)
    )
    with call.store.transaction() as tx:
        tx.put(provider)
    return {"capacityProvider": provider_wire(provider, WITH_TAGS)}


def over_group(call: Call, bare: CapacityProvider, given: Any) -> CapacityProvider:
    """The Auto Scaling group need not exist."""
    group_arn = group_arn_of(given.auto_scaling_group_arn)
    for other in call.store.state.all(CapacityProvider):
        if short_name(other.auto_scaling_group_arn) == short_name(group_arn):
            raise refused(f"The Auto Scaling group is already used by the capacity provider {other.name}.")
    named = replace(
        bare, kind=AUTO_SCALING, auto_scaling_group_arn=group_arn, group_size=size_told_by(bare.tags)
    )
    return with_group_settings(named, given)


def of_managed_instances(call: Call, bare: CapacityProvider, request: Any) -> CapacityProvider:
    if not request.cluster:
        raise invalid("A Managed Instances capacity provider requires a cluster.")
    return replace(
        bare,
        kind=MANAGED_INSTANCES,
        cluster_arn=cluster_of(call, request.cluster).cluster_arn,
        settings=document(request.managed_instances_provider),
    )


def update_capacity_provider(call: Call, request: Any) -> dict[str, Any]:
    provider = known_provider(call, request.name)
    if provider.kind == AUTO_SCALING:
        if request.auto_scaling_group_provider is None:
            raise invalid("An autoScalingGroupProvider must be specified.")
        changed = with_group_settings(provider, request.auto_scaling_group_provider)
    else:
        changes: Document = document(request.managed_instances_provider) or {}
        changed = replace(provider, settings={**provider.settings, **changes})
    changed = replace(changed, update_status="UPDATE_COMPLETE")
    with call.store.transaction() as tx:
        tx.put(changed)
    return {"capacityProvider": provider_wire(changed)}


def delete_capacity_provider(call: Call, request: Any) -> dict[str, Any]:
    """Its instances go with it; what runs on them is stopped as on a machine that is terminated."""
    provider = known_provider(call, request.capacity_provider)
    users = clusters_with(call.store.state, provider.name)
    if users:
        raise refused(
            "The capacity provider cannot be deleted because it is associated with cluster: "
            f"{users[0].cluster_name}. Remove the capacity provider from the cluster and try again."
        )
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
    """Those named, or all; with `cluster` only Fargate's, and those that the cluster has."""
    include = frozenset(request.include or ())
    known: dict[str, Document] = {name: fargate_wire(call, name) for name in FARGATE_PROVIDERS}
    cluster = cluster_of(call, request.cluster) if request.cluster else None
    for provider in call.store.state.all(CapacityProvider):
        own = cluster and (
            provider.cluster_arn == cluster.cluster_arn or provider.name in cluster.capacity_providers
        )
        if cluster is None or own:
            known[provider.name] = provider_wire(provider, include)
    given = [short_name(name) for name in at_most(request.capacity_providers, 100, "capacityProviders")]
    names, next_token = page([name for name in given or known if name in known], request, 10, 10)
    failures = [missing(call.place.capacity_provider(name)) for name in given if name not in known]
    shown = {"capacityProviders": [known[name] for name in names], "failures": failures}
    return with_token(shown, next_token)


def known_provider(call: Call, given: str) -> CapacityProvider:
    name = short_name(given)
    if name in FARGATE_PROVIDERS:
        raise invalid(f"The capacity provider {name} is reserved and cannot be changed.")
    provider = call.store.state.get(CapacityProvider, call.place.capacity_provider(name))
    if provider is None:
        raise invalid(UNKNOWN)
    return provider


def provider_wire(provider: CapacityProvider, include: frozenset[str] = frozenset()) -> Document:
    own = (
        {"autoScalingGroupProvider": group_wire(provider)}
        if provider.kind == AUTO_SCALING
        else {"managedInstancesProvider": provider.settings}
    )
    return {
        "capacityProviderArn": provider.capacity_provider_arn,
        "name": provider.name,
        "status": provider.status,
        "updateStatus": provider.update_status,
        "type": provider.kind,
        **own,
        "tags": list(provider.tags) if "TAGS" in include else [],
        **present(cluster=short_name(provider.cluster_arn) if provider.cluster_arn else None),
    }


def fargate_wire(call: Call, name: str) -> Document:
    arn = call.place.capacity_provider(name)
    return {"capacityProviderArn": arn, "name": name, "status": "ACTIVE", "tags": [], "type": name}
