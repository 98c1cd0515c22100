"""RegisterTargets, DeregisterTargets, DescribeTargetHealth."""

from __future__ import annotations

import ipaddress
from typing import Any

from shipway.api.call import Call
from shipway.api.elbv2.lookup import found, load_balancers_of, validation_error
from shipway.api.errors import ApiError
from shipway.model.container_instance import ContainerInstance
from shipway.model.target import (
    DRAINING,
    NOT_IN_USE,
    NOT_REGISTERED,
    UNUSED,
    Target,
    deregistering,
    target_key,
)
from shipway.model.target_group import TargetGroup
from shipway.store.store import Reads


def register_targets(call: Call, request: Any) -> dict[str, Any]:
    now_ms = call.clock.now_ms()
    with call.store.transaction() as tx:
        group = found(tx, TargetGroup, request.target_group_arn)
        for description in request.targets:
            port = description.port or group.port
            existing = tx.get(Target, target_key(group.key, description.id, port))
            if existing is not None and existing.state != DRAINING:
                continue
            address, zone = address_of(tx, group, description)
            tx.put(
                Target(
                    target_group_arn=group.key,
                    target_id=description.id,
                    port=port,
                    address=address,
                    address_port=port,
                    availability_zone=zone,
                    task_arn=existing.task_arn if existing is not None else None,
                    registered_at=now_ms,
                    state_since=now_ms,
                )
            )
    return {}


def address_of(reads: Reads, group: TargetGroup, description: Any) -> tuple[str, str]:
    """Where a target is reached, and its zone. An instance publishes ports on its own loopback address."""
    if group.target_type == "ip":
        try:
            address = ipaddress.IPv4Address(description.id)
        except ValueError as error:
            raise validation_error(
                f"The IP address '{description.id}' is not a valid IPv4 address"
            ) from error
        return str(address), description.availability_zone or ""
    instances = reads.by(ContainerInstance, "ec2_instance_id", description.id)
    if not instances or not instances[0].private_ip:
        raise ApiError(
            "InvalidTarget", f"The following targets are not in a running state: '{description.id}'"
        )
    return instances[0].private_ip, instances[0].availability_zone


def deregister_targets(call: Call, request: Any) -> dict[str, Any]:
    now_ms = call.clock.now_ms()
    with call.store.transaction() as tx:
        group = found(tx, TargetGroup, request.target_group_arn)
        in_use = bool(load_balancers_of(tx, group.key))
        for target in tx.by(Target, "target_group_arn", group.key):
            if not any(names(description, target) for description in request.targets):
                continue
            if in_use and target.state != UNUSED:
                delay_ms = call.settings.timing.scaled(group.deregistration_delay_s * 1000)
                tx.put(deregistering(target, delay_ms, now_ms))
            else:
                tx.delete(Target, target.key)
    return {}


def describe_target_health(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    group = found(state, TargetGroup, request.target_group_arn)
    in_use = bool(load_balancers_of(state, group.key))
    registered = state.by(Target, "target_group_arn", group.key)
    if not request.targets:
        return {"TargetHealthDescriptions": [encode(group, target, in_use) for target in registered]}
    answer = []
    for description in request.targets:
        named = [target for target in registered if names(description, target)]
        answer += [encode(group, target, in_use) for target in named] or [not_registered(group, description)]
    return {"TargetHealthDescriptions": answer}


def names(description: Any, target: Target) -> bool:
    """Whether a description means this target; without a port it means every port of that id."""
    return description.id == target.target_id and description.port in (None, target.port)


def encode(group: TargetGroup, target: Target, in_use: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"Id": target.target_id, "Port": target.port}
    if target.availability_zone:
        described["AvailabilityZone"] = target.availability_zone
    state, reason, text = target.state, target.reason, target.description
    if not in_use and state != DRAINING:
        state, (reason, text) = UNUSED, NOT_IN_USE
    health = {"State": state, "Reason": reason, "Description": text}
    return {
        "Target": described,
        "HealthCheckPort": check_port(group, target.port),
        "TargetHealth": {name: value for name, value in health.items() if value},
    }


def not_registered(group: TargetGroup, description: Any) -> dict[str, Any]:
    port = description.port or group.port
    reason, text = NOT_REGISTERED
    return {
        "Target": {"Id": description.id, "Port": port},
        "HealthCheckPort": check_port(group, port),
        "TargetHealth": {"State": UNUSED, "Reason": reason, "Description": text},
    }


def check_port(group: TargetGroup, port: int) -> str:
    return str(port) if group.health_check_port == "traffic-port" else group.health_check_port
