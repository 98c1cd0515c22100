"""DescribeTargetGroupAttributes and ModifyTargetGroupAttributes."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.attributes import checked_attributes, encode_attributes
from shipway.api.elbv2.lookup import found, not_available
from shipway.model.target_group import TARGET_GROUP_ATTRIBUTES, TargetGroup


def describe_target_group_attributes(call: Call, request: Any) -> dict[str, Any]:
    group = found(call.store.state, TargetGroup, request.target_group_arn)
    return encode_attributes(group.all_attributes)


def modify_target_group_attributes(call: Call, request: Any) -> dict[str, Any]:
    attributes = checked_attributes(request, TARGET_GROUP_ATTRIBUTES, "Target group")
    if attributes.get("stickiness.enabled") == "true":
        raise not_available("Target group stickiness", "leave stickiness.enabled at false")
    with call.store.transaction() as tx:
        group = found(tx, TargetGroup, request.target_group_arn)
        changed = {**group.attributes, **attributes}
        tx.put(msgspec.structs.replace(group, attributes=changed))
    return encode_attributes({**TARGET_GROUP_ATTRIBUTES, **changed})
