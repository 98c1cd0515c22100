"""AddTags, RemoveTags, DescribeTags: for load balancers, listeners, rules and target groups."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.lookup import found, validation_error
from shipway.api.errors import ApiError
from shipway.model.arn import resource_path
from shipway.model.listener import Listener
from shipway.model.load_balancer import LoadBalancer
from shipway.model.rule import Rule
from shipway.model.target_group import TargetGroup
from shipway.store.store import Reads

Tagged = LoadBalancer | Listener | Rule | TargetGroup
TAGS_MAX = 50


def add_tags(call: Call, request: Any) -> dict[str, Any]:
    added = tags_from(request.tags)
    with call.store.transaction() as tx:
        for arn in request.resource_arns:
            record = tagged(tx, arn)
            tags = {**record.tags, **added}
            if len(tags) > TAGS_MAX:
                raise ApiError("TooManyTags", f"'{arn}' would have {len(tags)} tags; {TAGS_MAX} are allowed")
            tx.put(msgspec.structs.replace(record, tags=tags))
    return {}


def remove_tags(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        for arn in request.resource_arns:
            record = tagged(tx, arn)
            kept = {key: value for key, value in record.tags.items() if key not in request.tag_keys}
            tx.put(msgspec.structs.replace(record, tags=kept))
    return {}


def describe_tags(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    return {
        "TagDescriptions": [
            {
                "ResourceArn": arn,
                "Tags": [{"Key": key, "Value": value} for key, value in tagged(state, arn).tags.items()],
            }
            for arn in request.resource_arns
        ]
    }


def tags_from(tags: Any) -> dict[str, str]:
    """A request's tags; the same key twice is refused."""
    decoded: dict[str, str] = {}
    for tag in tags or ():
        if tag.key in decoded:
            raise ApiError("DuplicateTagKeys", f"Tag key was specified more than once: {tag.key}")
        decoded[tag.key] = tag.value or ""
    return decoded


def tagged(reads: Reads, arn: str) -> Tagged:
    match resource_path(arn)[:1]:
        case ["loadbalancer"]:
            return found(reads, LoadBalancer, arn)
        case ["listener"]:
            return found(reads, Listener, arn)
        case ["listener-rule"]:
            return found(reads, Rule, arn)
        case ["targetgroup"]:
            return found(reads, TargetGroup, arn)
    raise validation_error(f"'{arn}' is not a valid load balancer, listener, rule or target group ARN")
