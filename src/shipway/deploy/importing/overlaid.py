"""Two versions of the same files: one laid over the other, and the overlay that makes one of the other."""

from __future__ import annotations

from typing import Any

Members = dict[str, Any]
CONTAINERS = "containerDefinitions"


def overlaid(base: Any, over: Any) -> Any:
    """Mappings merge; anything else is replaced, as Copilot and most tools do."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return base if over is None else over
    return {**base, **{key: overlaid(base.get(key), item) for key, item in over.items()}}


def overlay_between(base: Members, wanted: Members) -> Members:
    """What `environments.NAME` says so that shipway.yml's own merge makes `wanted` of `base`."""
    overlay: Members = {}
    for key in {**base, **wanted}:
        old, new = base.get(key), wanted.get(key)
        if old == new:
            continue
        if key == CONTAINERS:
            overlay[key] = _containers_between(old or [], new or [])
        elif isinstance(old, dict) and isinstance(new, dict):
            overlay[key] = overlay_between(old, new)
        else:
            overlay[key] = new
    return overlay


def _containers_between(base: list[Members], wanted: list[Members]) -> list[Members]:
    known = {item["name"]: item for item in base}
    found = []
    for item in wanted:
        difference = overlay_between(known.get(item["name"], {}), item)
        if difference:
            found.append({"name": item["name"], **difference})
    return found
