"""Capacity provider strategies: the rules, and what a request ends up with."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.identifiers import invalid
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.cluster import Cluster
from shipway.model.record import Document

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
STRATEGY_ITEMS_MAX = 20


def checked_providers(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names for a cluster. Providers over Auto Scaling groups cannot be made here, so only Fargate's are
    known.
    """
    for name in names:
        if name.rsplit("/", 1)[-1] not in FARGATE_PROVIDERS:
            raise invalid(
                "The specified capacity provider does not exist. Specify a valid name or ARN and try again. "
                f"(Local ECS knows FARGATE and FARGATE_SPOT, not {name}.)"
            )
    return tuple(name.rsplit("/", 1)[-1] for name in names)


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


def capacity_of(cluster: Cluster, launch_type: str | None, strategy: Any) -> tuple[str, tuple[Document, ...]]:
    """The launch type and the strategy (empty: none) for a request. A strategy here is always one over
    Fargate.
    """
    if launch_type is not None and launch_type not in ("EC2", "FARGATE", "EXTERNAL"):
        raise invalid("launch type should be one of [EC2,FARGATE,EXTERNAL]")
    if launch_type is not None and strategy:
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and "
            "try again."
        )
    if launch_type is not None:
        return launch_type, ()
    items = (
        checked_strategy(strategy, cluster.capacity_providers) or cluster.default_capacity_provider_strategy
    )
    return ("FARGATE", items) if items else ("EC2", ())


def provider_for(strategy: tuple[Document, ...], place_in_line: int) -> str | None:
    """Which provider the n-th task (from 0) of a strategy goes to: the base first, then by weight."""
    based = [item for item in strategy if item.get("base")]
    if based and place_in_line < based[0]["base"]:
        return str(based[0]["capacityProvider"])
    if not strategy:
        return None
    placed = dict.fromkeys(range(len(strategy)), 0)
    chosen = 0
    for _ in range(place_in_line - (based[0]["base"] if based else 0) + 1):
        chosen = max(placed, key=lambda i: ((strategy[i].get("weight") or 0) / (placed[i] + 1), -i))
        placed[chosen] += 1
    return str(strategy[chosen]["capacityProvider"])


def unsupported(feature: str) -> ApiError:
    return ApiError(
        "UnsupportedFeatureException", f"Local ECS does not support {feature} yet; see docs/fidelity.md."
    )
