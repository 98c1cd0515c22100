"""What changed between two task definitions, a line each: the container's name, the member, old and new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shipway.deploy.planning.canonical import canonical

Members = dict[str, Any]

LINES_MAX = 12
VALUE_LENGTH_MAX = 240


Change = tuple[str, Any, Any]


def differences(old: Members, new: Members) -> tuple[str, ...]:
    lines = [line(change) for change in changed_members(old, new)]
    if len(lines) > LINES_MAX:
        lines = [*lines[:LINES_MAX], f"... and {len(lines) - LINES_MAX} more"]
    return tuple(lines)


def changed_members(old: Members, new: Members) -> tuple[Change, ...]:
    """Each place that differs between two task definitions, with what stands there in both."""
    return tuple(walk("", canonical(old), canonical(new)))


def walk(place: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    old, new = _keyed(old), _keyed(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            # The list of containers is not worth a word of its own: `web.image` says it.
            inner = place if key == "containerDefinitions" else f"{place}.{key}" if place else key
            yield from walk(inner, old.get(key), new.get(key))
    else:
        yield place, old, new


def line(change: Change) -> str:
    place, old, new = change
    if old is None:
        return f"{place} added: {_shown(new)}"
    if new is None:
        return f"{place} removed (was {_shown(old)})"
    return f"{place}: {_shown(old)} -> {_shown(new)}"


def _keyed(value: Any) -> Any:
    """A list of named things as a mapping by name, so that one added thing is one line."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        named = {
            str(item["name"]): {key: part for key, part in item.items() if key != "name"} for item in value
        }
        if all(list(item) == ["value"] for item in named.values()):
            return {name: item["value"] for name, item in named.items()}
        return named
    return value


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 3] + "..."


def brief(line: str) -> str:
    """The line with digests cut to what people compare."""
    return re.sub(r"(@sha256:[0-9a-f]{12})[0-9a-f]+", r"\1", line)


def image_tag(reference: str) -> str:
    """The part of an image reference that moves: its tag, or the start of its digest."""
    _, _, digest = reference.partition("@")
    if digest:
        return digest[:19]
    last = reference.rsplit("/", 1)[-1]
    return last.partition(":")[2] or "latest"
