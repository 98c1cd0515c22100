"""Tags of log groups, in the service's old form (by name) and its new one (by ARN)."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.logs.groups import find_group


def tag_resource(call: Call, request: Any) -> dict[str, Any]:
    return add_tags(call, request.resource_arn, request.tags)


def untag_resource(call: Call, request: Any) -> dict[str, Any]:
    return remove_tags(call, request.resource_arn, request.tag_keys)


def list_tags_for_resource(call: Call, request: Any) -> dict[str, Any]:
    return {"tags": find_group(call, request.resource_arn).tags}


def tag_log_group(call: Call, request: Any) -> dict[str, Any]:
    return add_tags(call, request.log_group_name, request.tags)


def untag_log_group(call: Call, request: Any) -> dict[str, Any]:
    return remove_tags(call, request.log_group_name, request.tags)


def list_tags_log_group(call: Call, request: Any) -> dict[str, Any]:
    return {"tags": find_group(call, request.log_group_name).tags}


def add_tags(call: Call, identifier: str, tags: dict[str, str]) -> dict[str, Any]:
    group = find_group(call, identifier)
    call.log_events.set_tags(group, {**group.tags, **tags})
    return {}


def remove_tags(call: Call, identifier: str, keys: list[str]) -> dict[str, Any]:
    group = find_group(call, identifier)
    call.log_events.set_tags(group, {key: value for key, value in group.tags.items() if key not in keys})
    return {}
