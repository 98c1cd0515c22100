"""Capacity provider strategies: the rules, and what a request ends up with."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.ecs.identifiers import invalid
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.arn import short_name
from shipway.model.capacity_provider import AUTO_SCALING, FARGATE_PROVIDERS, CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.record import Document
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.store import Reads

STRATEGY_ITEMS_MAX = 20
PROVIDERS_MAX = 20
UNKNOWN = "The specified capacity provider does not exist. Specify a valid name or ARN and try again."


def checked_providers(call: Call, given: list[str], cluster_arn: str) -> tuple[str, ...]:
    """Names for a cluster: each exists, and a group belongs to one cluster. Managed Instances providers are
    there without being named.
    """
    if len(given) > PROVIDERS_MAX:
        raise invalid(f"A cluster can have at most {PROVIDERS_MAX} capacity providers.")
    names = tuple(short_name(name) for name in given)
    for name in names:
        if name in FARGATE_PROVIDERS:
            continue
        provider = call.store.state.get(CapacityProvider, call.place.capacity_provider(name))
        if provider is None or provider.kind != AUTO_SCALING:
            raise invalid(f"{UNKNOWN} ({name})")
        others = [c for c in clusters_with(call.store.state, name) if c.cluster_arn != cluster_arn]
        if others:
            raise invalid(
                f"The capacity provider {name} is associated with the cluster {others[0].cluster_name}. "
                "A capacity provider over an Auto Scaling group belongs to one cluster."
            )
    return names


def clusters_with(reads: Reads, name: str) -> list[Cluster]:
    return [c for c in reads.all(Cluster) if c.status == "ACTIVE" and name in c.capacity_providers]


def providers_in_use(reads: Reads, cluster_arn: str) -> set[str]:
    """By tasks that are not over, and by what services would start next."""
    used = {
        task.capacity_provider_name or ""
        for task in reads.by(Task, "cluster_arn", cluster_arn)
        if not task.stopped
    }
    for service in reads.by(Service, "cluster_arn", cluster_arn):
        revision = reads.get(ServiceRevision, service.revision_arn)
        if service.status == "ACTIVE" and revision is not None:
            used |= {str(item["capacityProvider"]) for item in revision.capacity_provider_strategy}
    return used


def checked_strategy(strategy: Any, associated: tuple[str, ...]) -> tuple[Document, ...]:
    """A capacity provider strategy by ECS's rules; every provider must be associated with the cluster."""
    items: list[Document] = document(strategy or [])
    if len(items) > STRATEGY_ITEMS_MAX:
        raise invalid(f"capacityProviderStrategy can have at most {STRATEGY_ITEMS_MAX} items.")
    if any(item["capacityProvider"] not in associated for item in items):
        raise invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not "
            "associated "
            "with the cluster. Associate the capacity provider with the cluster and try again."
        )
    if len({item["capacityProvider"] in FARGATE_PROVIDERS for item in items}) > 1:
        raise invalid(
            "The capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling "
            "groups and Fargate capacity providers. Specify one or the other and try again."
        )
    if sum(bool(item.get("base")) for item in items) > 1:
        raise invalid(
            "There are multiple capacity providers in the specified capacity provider strategy with a base "
            "value "
            "defined. Only one can have a base."
        )
    if len(items) > 1 and not any(item.get("weight") for item in items):
        raise invalid(
            "There are no capacity providers in the capacity provider strategy with a weight value greater "
            "than zero."
        )
    return tuple({"weight": 0, "base": 0, **item} for item in items)


def capacity_of(
    call: Call, cluster: Cluster, launch_type: str | None, strategy: Any
) -> tuple[str, tuple[Document, ...]]:
    """The launch type and the strategy (empty: none) for a request."""
    if launch_type is not None and launch_type not in ("EC2", "FARGATE", "EXTERNAL"):
        raise invalid("launch type should be one of [EC2,FARGATE,EXTERNAL]")
    if launch_type is not None and strategy:
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and "
            "try again."
        )
    if launch_type is not None:
        return launch_type, ()
    managed = call.store.state.by(CapacityProvider, "cluster_arn", cluster.cluster_arn)
    associated = (*cluster.capacity_providers, *(provider.name for provider in managed))
    items = checked_strategy(strategy, associated) or cluster.default_capacity_provider_strategy
    return launch_type_of(items), items


def launch_type_of(strategy: tuple[Document, ...]) -> str:
    fargate = bool(strategy) and strategy[0]["capacityProvider"] in FARGATE_PROVIDERS
    return "FARGATE" if fargate else "EC2"


def unsupported(feature: str) -> ApiError:
    return ApiError(
        "UnsupportedFeatureException", f"Local ECS does not support {feature} yet; see docs/fidelity.md."
    )
