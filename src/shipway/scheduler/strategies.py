"""Placement strategies: each narrows the candidates to the best set, the next decides within it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from shipway.model.record import Document
from shipway.model.snapshot import InstanceView

ZONE = "ecs.availability-zone"
INSTANCE = "(instance)"  # in parentheses, which no attribute's name has
SPREAD: tuple[Document, ...] = (
    {"type": "spread", "field": f"attribute:{ZONE}"},
    {"type": "spread", "field": "instanceId"},
)
"""ECS's own order when a service or RunTask names none: zones first, then instances within the zone."""

Row = tuple[str | None, ...]

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
    attributes: list[str] = []
    for kind, field in in_words(strategies):
        if len(candidates) < 2:
            break
        if kind == "spread":
            candidates = spread(candidates, everywhere, field, group)
            attributes += [field] if field != INSTANCE else []
        elif kind == "binpack":
            least = min(left(view, field) for view in candidates)
            candidates = [view for view in candidates if left(view, field) == least]
        elif kind == "random":
            candidates.sort(key=lambda view: (row_order(row_of(view, attributes)), arn_of(view)))
            candidates = [candidates[chance(len(candidates))]]
    return candidates


def in_words(strategies: tuple[Document, ...]) -> list[tuple[str, str]]:
    """Kind and field of each, in one spelling: INSTANCE, `cpu`, `memory`, an attribute's name, or none."""
    words = []
    for strategy in strategies or SPREAD:
        kind, field = str(strategy.get("type") or "").lower(), str(strategy.get("field") or "")
        if kind == "spread":
            field = INSTANCE if field.lower() in ("instanceid", "host") else field.removeprefix("attribute:")
        elif kind == "binpack":
            field = "memory" if field.lower() == "memory" else "cpu"
        elif kind == "random":
            field = ""
        words.append((kind, field))
    return words


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


def left(view: InstanceView, field: str) -> int:
    return view.remaining.memory if field == "memory" else view.remaining.cpu


def spread_value(view: InstanceView, field: str) -> str | None:
    instance = view.instance
    if field == INSTANCE:
        return instance.container_instance_arn
    if field == ZONE and instance.availability_zone:
        return instance.availability_zone
    return instance.custom_attributes.get(field, instance.attributes.get(field))


def row_of(view: InstanceView, attributes: Sequence[str]) -> Row:
    """Its values of the attributes that are spread over."""
    return tuple(spread_value(view, attribute) for attribute in attributes)


def row_order(row: Row) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in row)


def arn_of(view: InstanceView) -> str:
    return view.instance.container_instance_arn
