"""Environments laid over the base: mappings merge deeply, lists are replaced, containers merge by name."""

from __future__ import annotations

from typing import Any

BY_NAME = "containerDefinitions"


def merge(base: Any, over: Any) -> Any:
    """`over` laid on `base`; neither is changed. A null in `over` takes the member away."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif key == BY_NAME and isinstance(value, list) and isinstance(base.get(key), list):
            merged[key] = merge_by_name(base[key], value)
        else:
            merged[key] = merge(base.get(key), value)
    return merged


def merge_by_name(base: list[Any], over: list[Any]) -> list[Any]:
    overlays = {_name(item): item for item in over}
    kept = [merge(item, overlays.pop(_name(item), item)) for item in base]
    return kept + [item for item in over if _name(item) in overlays]


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else None
