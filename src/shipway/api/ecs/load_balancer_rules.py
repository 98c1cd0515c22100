"""The rules for a service's `loadBalancers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.api.ecs.capacity_providers import unsupported
from shipway.api.ecs.identifiers import invalid
from shipway.api.ecs.traffic_shifting import check_advanced, check_all_or_none
from shipway.api.shapes import document
from shipway.model.listener import Listener
from shipway.model.listener_action import target_groups_of
from shipway.model.record import Document
from shipway.model.rule import Rule
from shipway.model.service_revision import LoadBalancerBinding
from shipway.model.target_group import TargetGroup
from shipway.model.task_definition import TaskDefinition
from shipway.store import Reads

TARGET_GROUPS_MAX = 5


def load_balancers(
    state: Reads, given: Any, definition: TaskDefinition, *, in_use: bool = True
) -> tuple[LoadBalancerBinding, ...]:
    """`in_use`: traffic reaches the target groups already. A replacement task set is made before it does."""
    plain: list[Document] = document(given or [])
    if len(plain) > TARGET_GROUPS_MAX:
        raise invalid(f"loadBalancers can have at most {TARGET_GROUPS_MAX} items.")
    check_all_or_none(plain)
    bindings = tuple(binding(entry) for entry in plain)
    arns = [arn for entry in bindings for arn in entry.pair]
    for entry in bindings:
        check_container(entry, definition)
        for arn in entry.pair:
            if arns.count(arn) > 1:
                raise invalid(f"Duplicate targetGroupArn found: {arn}")
            check_target_group(state, arn, definition)
        if in_use and entry.target_group_arn not in set(target_groups_in_use(state)):
            raise invalid(
                f"The target group with targetGroupArn {entry.target_group_arn} does not have an associated "
                "load balancer."
            )
    return bindings


def binding(entry: Document) -> LoadBalancerBinding:
    check_advanced(entry)
    if entry.get("loadBalancerName") and entry.get("targetGroupArn"):
        raise invalid(
            "loadBalancerName and targetGroupArn cannot both be specified. "
            "You must specify either a loadBalancerName or a targetGroupArn."
        )
    if entry.get("loadBalancerName"):
        raise unsupported("Classic Load Balancers")
    if not entry.get("targetGroupArn") or not entry.get("containerName") or not entry.get("containerPort"):
        raise invalid("Each entry of loadBalancers needs targetGroupArn, containerName and containerPort.")
    return LoadBalancerBinding(
        target_group_arn=entry["targetGroupArn"],
        container_name=entry["containerName"],
        container_port=entry["containerPort"],
        verbatim=entry,
    )


def check_container(entry: LoadBalancerBinding, definition: TaskDefinition) -> None:
    container = definition.container(entry.container_name)
    if container is None:
        raise invalid(f"The container {entry.container_name} does not exist in the task definition.")
    if not any(entry.container_port in ports_of(mapping) for mapping in container.get("portMappings") or []):
        raise invalid(
            f"The container {entry.container_name} did not have a container port {entry.container_port} "
            "defined."
        )


def ports_of(mapping: Document) -> range:
    if mapping.get("containerPortRange"):
        first, _, last = mapping["containerPortRange"].partition("-")
        return range(int(first), int(last) + 1)
    return range(mapping["containerPort"], mapping["containerPort"] + 1)


def check_target_group(state: Reads, arn: str, definition: TaskDefinition) -> None:
    group = state.get(TargetGroup, arn)
    if group is None:
        raise invalid(f"The target group with targetGroupArn {arn} does not exist.")
    mode = definition.network_mode
    if mode == "awsvpc" and group.target_type != "ip":
        raise invalid(
            f"The provided target group {arn} has target type {group.target_type}, which is incompatible "
            "with the "
            "awsvpc network mode specified in the task definition."
        )
    if mode in ("bridge", "host") and group.target_type != "instance":
        raise invalid(
            f"The provided target group {arn} has target type {group.target_type}, which is incompatible "
            "with the "
            f"{mode} network mode specified in the task definition."
        )


def target_groups_in_use(state: Reads) -> Iterator[str]:
    for listener in state.all(Listener):
        yield from target_groups_of(listener.default_action)
    for rule in state.all(Rule):
        yield from target_groups_of(rule.action)
