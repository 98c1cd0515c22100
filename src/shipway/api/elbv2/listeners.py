"""CreateListener, DescribeListeners, ModifyListener, DeleteListener."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.listener_actions import action_from, encode_action
from shipway.api.elbv2.lookup import found, load_balancers_of, not_available, page, validation_error
from shipway.api.elbv2.tags import tags_from
from shipway.api.errors import ApiError
from shipway.model.listener import Listener
from shipway.model.listener_action import ListenerAction, target_groups_of
from shipway.model.load_balancer import LoadBalancer
from shipway.model.rule import Rule
from shipway.store.store import Reads


def create_listener(call: Call, request: Any) -> dict[str, Any]:
    refuse_protocol(request.protocol or "HTTP")
    if request.port is None:
        raise validation_error("A port must be specified")
    with call.store.transaction() as tx:
        load_balancer = found(tx, LoadBalancer, request.load_balancer_arn)
        action = action_from(tx, request.default_actions)
        for existing in tx.by(Listener, "load_balancer_arn", load_balancer.key):
            if existing.port != request.port:
                continue
            if existing.default_action == action:
                return {"Listeners": [encode(existing)]}
            raise duplicate_listener(load_balancer.key)
        refuse_second_load_balancer(tx, load_balancer.key, action)
        path = f"{load_balancer.path}/{call.ids.hex32()[:16]}"
        rule_path = f"{path}/{call.ids.hex32()[:16]}"
        listener = Listener(
            listener_arn=call.place.arn(f"listener/{path}", "elasticloadbalancing"),
            default_rule_arn=call.place.arn(f"listener-rule/{rule_path}", "elasticloadbalancing"),
            load_balancer_arn=load_balancer.key,
            port=request.port,
            default_action=action,
            created_at=call.clock.now_ms(),
            tags=tags_from(request.tags),
        )
        tx.put(listener)
    return {"Listeners": [encode(listener)]}


def describe_listeners(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    if request.listener_arns:
        chosen = [found(state, Listener, arn) for arn in request.listener_arns]
    elif request.load_balancer_arn:
        load_balancer = found(state, LoadBalancer, request.load_balancer_arn)
        chosen = state.by(Listener, "load_balancer_arn", load_balancer.key)
    else:
        raise validation_error("You must specify either listener ARNs or a load balancer ARN")
    return page(request, "Listeners", ((listener.key, encode(listener)) for listener in chosen))


def modify_listener(call: Call, request: Any) -> dict[str, Any]:
    refuse_protocol(request.protocol or "HTTP")
    with call.store.transaction() as tx:
        listener = found(tx, Listener, request.listener_arn)
        if request.port is not None and request.port != listener.port:
            beside = tx.by(Listener, "load_balancer_arn", listener.load_balancer_arn)
            if any(other.port == request.port for other in beside):
                raise duplicate_listener(listener.load_balancer_arn)
            listener = msgspec.structs.replace(listener, port=request.port, bound_port=None)
        if request.default_actions:
            action = action_from(tx, request.default_actions)
            refuse_second_load_balancer(tx, listener.load_balancer_arn, action)
            listener = msgspec.structs.replace(listener, default_action=action)
        tx.put(listener)
    return {"Listeners": [encode(listener)]}


def delete_listener(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        listener = found(tx, Listener, request.listener_arn)
        for rule in tx.by(Rule, "listener_arn", listener.key):
            tx.delete(Rule, rule.key)
        tx.delete(Listener, listener.key)
    return {}


def refuse_protocol(protocol: str) -> None:
    if protocol != "HTTP":
        raise not_available(f"A listener with protocol {protocol}", "use HTTP")


def duplicate_listener(load_balancer_arn: str) -> ApiError:
    return ApiError(
        "DuplicateListener",
        f"A listener already exists on this port for this load balancer '{load_balancer_arn}'",
    )


def refuse_second_load_balancer(reads: Reads, load_balancer_arn: str, action: ListenerAction) -> None:
    for arn in target_groups_of(action):
        if set(load_balancers_of(reads, arn)) - {load_balancer_arn}:
            raise ApiError(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: {arn}",
            )


def encode(listener: Listener) -> dict[str, Any]:
    return {
        "ListenerArn": listener.listener_arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "DefaultActions": [encode_action(listener.default_action)],
    }
