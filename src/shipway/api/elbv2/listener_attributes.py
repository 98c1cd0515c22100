"""DescribeListenerAttributes and ModifyListenerAttributes.

Two attributes are ours and can only be read: `shipway.bound_port` is the port that is really open on
loopback, which differs from the listener's when that one was taken, and `shipway.url` is what to open in
a browser.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.attributes import encode_attributes
from shipway.api.elbv2.lookup import found, validation_error
from shipway.model.listener import Listener
from shipway.model.load_balancer import LoadBalancer
from shipway.store.store import Reads

BOUND_PORT = "shipway.bound_port"
URL = "shipway.url"
SETTABLE_PREFIX = "routing.http."


def describe_listener_attributes(call: Call, request: Any) -> dict[str, Any]:
    listener = found(call.store.state, Listener, request.listener_arn)
    return encode_attributes({**listener.attributes, **ours(call.store.state, listener)})


def modify_listener_attributes(call: Call, request: Any) -> dict[str, Any]:
    attributes = {attribute.key: attribute.value or "" for attribute in request.attributes}
    unknown = [key for key in attributes if not key.startswith(SETTABLE_PREFIX)]
    if unknown:
        raise validation_error(f"Listener attribute key '{unknown[0]}' is not recognized")
    with call.store.transaction() as tx:
        listener = found(tx, Listener, request.listener_arn)
        changed = msgspec.structs.replace(listener, attributes={**listener.attributes, **attributes})
        tx.put(changed)
        return encode_attributes({**changed.attributes, **ours(tx, changed)})


def ours(reads: Reads, listener: Listener) -> dict[str, str]:
    load_balancer = reads.get(LoadBalancer, listener.load_balancer_arn)
    if listener.bound_port is None or load_balancer is None:
        return {}
    port = "" if listener.bound_port == 80 else f":{listener.bound_port}"
    return {BOUND_PORT: str(listener.bound_port), URL: f"http://{load_balancer.dns_name}{port}/"}
