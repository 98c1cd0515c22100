"""Capacity provider strategies: which provider the next task goes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf

from shipway.model.record import Document
from shipway.model.task import Task

ALIKE = 1e-9  # less than any difference of two shares

PROVISIONING_MAX = 500
"""So many tasks of a cluster may wait in PROVISIONING for instances of its capacity providers."""


def next_provider(strategy: tuple[Document, ...], placed: Mapping[str, int]) -> str | None:
    """The base first, then whoever is furthest below its share by weight; ties go by the strategy's order.
    None without a strategy.
    """
    if not strategy:
        return None
    for item in strategy:
        if placed.get(name_of(item), 0) < (item.get("base") or 0):
            return name_of(item)
    beyond = {name_of(item): placed.get(name_of(item), 0) - (item.get("base") or 0) for item in strategy}
    weighed = [item for item in strategy if item.get("weight")] or list(strategy)
    return name_of(max(weighed, key=lambda item: (item.get("weight") or 0) / (beyond[name_of(item)] + 1)))


def excess(strategy: tuple[Document, ...], placed: Mapping[str, int], name: str | None) -> float:
    """How much a provider has beyond its share: the most goes first when there are too many tasks. Of two
    alike the later in the strategy has more; who is not in it, or beyond a base without weight, should have
    nothing; a base goes last.
    """
    for at, item in enumerate(strategy):
        if name_of(item) == name:
            beyond, weight = placed.get(name, 0) - (item.get("base") or 0), item.get("weight") or 0
            alone = not any(other.get("weight") for other in strategy)
            if beyond <= 0:
                return beyond - 1.0
            return beyond / weight + at * ALIKE if weight else float(beyond) if alone else inf
    return inf if strategy else 0.0


def name_of(item: Document) -> str:
    return str(item["capacityProvider"])


def placed_by(tasks: Iterable[Task]) -> Counter[str]:
    """How many of these tasks each provider has."""
    return Counter(task.capacity_provider_name for task in tasks if task.capacity_provider_name)
