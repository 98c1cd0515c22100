"""Placement strategies: each narrows the candidates to the best set, the next decides within it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from shipway.model.record import Document
from shipway.model.snapshot import InstanceView

ZONE = "attribute:ecs.availability-zone"
SPREAD = ({"type": "spread", "field": ZONE}, {"type": "spread", "field": "instanceId"})
"""ECS's own order when a service or RunTask names none: zones first, then instances within the zone."""

Chance = Callable[[int], int]
"""Draws one of 0..n-1."""


def narrowed(
    candidates: list[InstanceView],
    everywhere: tuple[InstanceView, ...],
    strategies: tuple[Document, ...],
    group: str,
    chance: Chance,
) -> list[InstanceView]:
    """The candidates that the strategies like best; `everywhere` holds the tasks that a spread counts."""
    for strategy in strategies or SPREAD:
        kind, field = strategy.get("type"), str(strategy.get("field") or "")
        if len(candidates) < 2:
            break
        if kind == "spread":
            candidates = spread(candidates, everywhere, field, group)
        elif kind == "binpack":
            candidates = binpack(candidates, field)
        elif kind == "random":
            candidates = [candidates[chance(len(candidates))]]
    return candidates


def spread(
    candidates: list[InstanceView], everywhere: tuple[InstanceView, ...], field: str, group: str
) -> list[InstanceView]:
    """Those whose value of the field holds the fewest tasks of the group. Without the field comes last."""
    with_value = [view for view in candidates if spread_value(view, field) is not None]
    candidates = with_value or candidates
    held: Counter[str | None] = Counter()
    for view in everywhere:
        held[spread_value(view, field)] += view.groups.get(group, 0)
    fewest = min(held[spread_value(view, field)] for view in candidates)
    return [view for view in candidates if held[spread_value(view, field)] == fewest]


def binpack(candidates: list[InstanceView], field: str) -> list[InstanceView]:
    def left(view: InstanceView) -> int:
        return view.remaining.memory if field.lower() == "memory" else view.remaining.cpu

    least = min(left(view) for view in candidates)
    return [view for view in candidates if left(view) == least]


def spread_value(view: InstanceView, field: str) -> str | None:
    if field.lower() in ("instanceid", "host"):
        return view.instance.container_instance_arn
    name = field.removeprefix("attribute:")
    if name == "ecs.availability-zone":
        return view.instance.availability_zone or view.instance.all_attributes.get(name)
    return view.instance.all_attributes.get(name)
