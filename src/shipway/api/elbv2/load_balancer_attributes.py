"""DescribeLoadBalancerAttributes and ModifyLoadBalancerAttributes."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.attributes import checked_attributes, encode_attributes
from shipway.api.elbv2.lookup import found
from shipway.model.load_balancer import LOAD_BALANCER_ATTRIBUTES, LoadBalancer


def describe_load_balancer_attributes(call: Call, request: Any) -> dict[str, Any]:
    load_balancer = found(call.store.state, LoadBalancer, request.load_balancer_arn)
    return encode_attributes(load_balancer.all_attributes)


def modify_load_balancer_attributes(call: Call, request: Any) -> dict[str, Any]:
    attributes = checked_attributes(request, LOAD_BALANCER_ATTRIBUTES, "Load balancer")
    with call.store.transaction() as tx:
        load_balancer = found(tx, LoadBalancer, request.load_balancer_arn)
        changed = {**load_balancer.attributes, **attributes}
        tx.put(msgspec.structs.replace(load_balancer, attributes=changed))
    return encode_attributes({**LOAD_BALANCER_ATTRIBUTES, **changed})
