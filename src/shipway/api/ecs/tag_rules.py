"""The rules for tags, and how they are merged and inherited."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.identifiers import invalid
from shipway.api.shapes import document
from shipway.model.record import Document

TAGS_MAX = 50


def checked_tags(tags: Any) -> tuple[Document, ...]:
    """The tags of a request as plain JSON. None and an empty list are no tags."""
    plain: list[Document] = document(tags or [])
    if len(plain) > TAGS_MAX:
        raise invalid(f"The number of tags exceeds the limit of {TAGS_MAX} tags per resource.")
    keys = [tag.get("key") or "" for tag in plain]
    if len(set(keys)) != len(keys):
        raise invalid("Duplicate tag keys found. Please note that tag keys are case insensitive.")
    for key, tag in zip(keys, plain, strict=True):
        if not 1 <= len(key) <= 128 or len(tag.get("value") or "") > 256:
            raise invalid("Tag keys have 1 to 128 characters, tag values at most 256.")
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys cannot start with the prefix 'aws:'; it is reserved.")
    return tuple({"key": tag["key"], "value": tag.get("value") or ""} for tag in plain)


def merged(*sources: tuple[Document, ...]) -> tuple[Document, ...]:
    """All tags; a later source wins over an earlier one with the same key."""
    by_key = {tag["key"]: tag for source in sources for tag in source}
    return tuple(by_key.values())


def without(tags: tuple[Document, ...], keys: list[str]) -> tuple[Document, ...]:
    return tuple(tag for tag in tags if tag["key"] not in keys)


def managed_tags(cluster_name: str, service_name: str | None = None) -> tuple[Document, ...]:
    """What `enableECSManagedTags` adds to a task."""
    tags = [{"key": "aws:ecs:clusterName", "value": cluster_name}]
    if service_name is not None:
        tags.append({"key": "aws:ecs:serviceName", "value": service_name})
    return tuple(tags)
