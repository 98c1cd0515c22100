"""CreateTargetGroup, DescribeTargetGroups, ModifyTargetGroup, DeleteTargetGroup."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.load_balancers import NAME
from shipway.api.elbv2.lookup import (
    found,
    load_balancers_of,
    not_available,
    page,
    refuse_unprintable,
    validation_error,
)
from shipway.api.elbv2.tags import tags_from
from shipway.api.errors import ApiError
from shipway.model.load_balancer import LoadBalancer
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup, matcher_ranges
from shipway.store.store import Reads

MATCHER_CODE_MIN, MATCHER_CODE_MAX = 200, 499


def create_target_group(call: Call, request: Any) -> dict[str, Any]:
    refuse_unavailable(request)
    if not NAME.fullmatch(request.name):
        raise validation_error(
            f"Target group name '{request.name}' must have 1 to 32 letters, digits or hyphens and must not"
            " begin or end with a hyphen"
        )
    resource = f"targetgroup/{request.name}/{call.ids.hex32()[:16]}"
    bare = TargetGroup(
        target_group_arn=call.place.arn(resource, "elasticloadbalancing"),
        name=request.name,
        port=request.port,
        target_type=request.target_type or "instance",
        ip_address_type=request.ip_address_type or "ipv4",
        vpc_id=request.vpc_id or "",
        created_at=call.clock.now_ms(),
        tags=tags_from(request.tags),
    )
    group = with_health_check(bare, request)
    with call.store.transaction() as tx:
        for existing in tx.by(TargetGroup, "name", request.name):
            if settings(existing) == settings(group):
                return {"TargetGroups": [encode(tx, existing)]}
            raise ApiError(
                "DuplicateTargetGroupName",
                f"A target group with the same name '{request.name}' exists, but with different settings",
            )
        tx.put(group)
        return {"TargetGroups": [encode(tx, group)]}


def refuse_unavailable(request: Any) -> None:
    target_type = request.target_type or "instance"
    if target_type not in ("instance", "ip"):
        raise not_available(f"A target group of type '{target_type}'", "use 'instance' or 'ip'")
    if request.protocol is None:
        raise validation_error("A protocol must be specified")
    if request.protocol != "HTTP":
        raise not_available(f"A target group with protocol {request.protocol}", "use HTTP")
    if request.protocol_version not in (None, "HTTP1", "HTTP2"):
        raise not_available(f"Protocol version {request.protocol_version}", "use HTTP1 or HTTP2")
    if request.port is None:
        raise validation_error("A port must be specified")
    if request.ip_address_type == "ipv6":
        raise not_available("An IPv6 target group", "use ipv4")


def describe_target_groups(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    if request.target_group_arns:
        chosen = [found(state, TargetGroup, arn) for arn in request.target_group_arns]
    else:
        chosen = state.all(TargetGroup)
    if request.names:
        if set(request.names) - {group.name for group in chosen}:
            raise ApiError("TargetGroupNotFound", "One or more target groups not found")
        chosen = [group for group in chosen if group.name in request.names]
    if request.load_balancer_arn:
        arn = found(state, LoadBalancer, request.load_balancer_arn).key
        chosen = [group for group in chosen if arn in load_balancers_of(state, group.key)]
    return page(request, "TargetGroups", ((group.key, encode(state, group)) for group in chosen))


def modify_target_group(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        group = with_health_check(found(tx, TargetGroup, request.target_group_arn), request)
        tx.put(group)
        return {"TargetGroups": [encode(tx, group)]}


def delete_target_group(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        group = tx.get(TargetGroup, request.target_group_arn)
        if group is None:
            return {}
        if load_balancers_of(tx, group.key):
            raise ApiError(
                "ResourceInUse", f"Target group '{group.key}' is currently in use by a listener or a rule"
            )
        for target in tx.by(Target, "target_group_arn", group.key):
            tx.delete(Target, target.key)
        tx.delete(TargetGroup, group.key)
    return {}


def with_health_check(group: TargetGroup, request: Any) -> TargetGroup:
    """The group with the health check members that the request has."""
    if request.health_check_protocol not in (None, "HTTP"):
        raise not_available(f"A health check with protocol {request.health_check_protocol}", "use HTTP")
    if request.health_check_enabled is False:
        raise validation_error(
            f"Health check enabled must be true for target groups with target type '{group.target_type}'"
        )
    given = {
        "protocol_version": getattr(request, "protocol_version", None),
        "health_check_port": request.health_check_port,
        "health_check_path": request.health_check_path,
        "health_check_interval_s": request.health_check_interval_seconds,
        "health_check_timeout_s": request.health_check_timeout_seconds,
        "healthy_threshold": request.healthy_threshold_count,
        "unhealthy_threshold": request.unhealthy_threshold_count,
        "matcher": request.matcher.http_code if request.matcher is not None else None,
    }
    changed = msgspec.structs.replace(
        group, **{name: value for name, value in given.items() if value is not None}
    )
    check_health_check(changed)
    return changed


def check_health_check(group: TargetGroup) -> None:
    port = group.health_check_port
    if port != "traffic-port" and not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535):
        raise validation_error(f"Health check port '{port}' must be 'traffic-port' or in the range 1-65535")
    if not group.health_check_path.startswith("/"):
        raise validation_error(f"Health check path '{group.health_check_path}' must begin with '/'")
    refuse_unprintable("Health check path", group.health_check_path)
    if group.health_check_timeout_s >= group.health_check_interval_s:
        raise validation_error(
            f"Health check interval '{group.health_check_interval_s}' must be greater than the timeout"
            f" '{group.health_check_timeout_s}'"
        )
    try:
        ranges = matcher_ranges(group.matcher)
    except ValueError as error:
        raise validation_error(str(error)) from error
    if any(first < MATCHER_CODE_MIN or last > MATCHER_CODE_MAX for first, last in ranges):
        raise validation_error(
            f"Health check matcher HTTP code '{group.matcher}' must be within '200-499' inclusive"
        )


def settings(group: TargetGroup) -> TargetGroup:
    """What makes two requests the same."""
    return msgspec.structs.replace(group, target_group_arn="", created_at=0, attributes={})


def encode(reads: Reads, group: TargetGroup) -> dict[str, Any]:
    return {
        "TargetGroupArn": group.target_group_arn,
        "TargetGroupName": group.name,
        "Protocol": group.protocol,
        "Port": group.port,
        **({"VpcId": group.vpc_id} if group.vpc_id else {}),
        "HealthCheckProtocol": group.health_check_protocol,
        "HealthCheckPort": group.health_check_port,
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": group.health_check_interval_s,
        "HealthCheckTimeoutSeconds": group.health_check_timeout_s,
        "HealthyThresholdCount": group.healthy_threshold,
        "UnhealthyThresholdCount": group.unhealthy_threshold,
        "HealthCheckPath": group.health_check_path,
        "Matcher": {"HttpCode": group.matcher},
        "LoadBalancerArns": load_balancers_of(reads, group.target_group_arn),
        "TargetType": group.target_type,
        "ProtocolVersion": group.protocol_version,
        "IpAddressType": group.ip_address_type,
    }
