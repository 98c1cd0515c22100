"""What a service's revision is made of, read from CreateService or UpdateService and checked as a whole.

A revision's members lean on each other (network mode and network configuration, container ports and target
groups), so they are resolved together: from the request where it says something, else from the revision
before.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.ecs.capacity_providers import capacity_of, unsupported
from shipway.api.ecs.identifiers import invalid
from shipway.api.ecs.load_balancer_rules import load_balancers
from shipway.api.ecs.network_rules import network_configuration
from shipway.api.ecs.platform_rules import platform_version
from shipway.api.shapes import document
from shipway.model.cluster import Cluster
from shipway.model.record import Document
from shipway.model.service_revision import LoadBalancerBinding, ServiceRevision
from shipway.model.task_definition import TaskDefinition

KEPT = {
    "service_registries": "serviceRegistries",
    "service_connect_configuration": "serviceConnectConfiguration",
    "monitoring": "monitoring",
}
"""Members that are stored and echoed, though a local ECS does nothing with them (but for names, see
`service_names`); the service's events say so.
"""

REFUSED = {
    "volume_configurations": "volumeConfigurations",
    "vpc_lattice_configurations": "vpcLatticeConfigurations",
    "gateway_connectors": "gatewayConnectors",
}
"""Members without which the service would be another one: better refused than forgotten."""


class RevisionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a revision rolls out; two equal ones need no deployment between them."""

    task_definition_arn: str
    launch_type: str
    capacity_provider_strategy: tuple[Document, ...] = ()
    platform_version: str | None = None
    network_configuration: Document | None = None
    load_balancers: tuple[LoadBalancerBinding, ...] = ()
    verbatim: Document = {}


SPEC_MEMBERS = RevisionSpec.__struct_fields__
CAPACITY_MEMBERS = ("launch_type", "capacity_provider_strategy")
"""They apply to new tasks at once and start no deployment."""


def created_spec(
    call: Call, cluster: Cluster, definition: TaskDefinition, request: Any, *, in_use: bool = True
) -> RevisionSpec:
    """Of CreateService or CreateTaskSet; `in_use` as `load_balancers` has it."""
    refuse_unsupported(request)
    given = request.launch_type, request.capacity_provider_strategy
    launch_type, strategy = capacity_of(call, cluster, *given)
    check_launch_type(definition, launch_type)
    return RevisionSpec(
        task_definition_arn=definition.task_definition_arn,
        launch_type=launch_type,
        capacity_provider_strategy=strategy,
        platform_version=platform_version(request.platform_version, launch_type, definition),
        network_configuration=network_configuration(request.network_configuration, definition, launch_type),
        load_balancers=load_balancers(call.store.state, request.load_balancers, definition, in_use=in_use),
        verbatim=kept_members(request),
    )


def updated_spec(
    call: Call, cluster: Cluster, definition: TaskDefinition, before: ServiceRevision, request: Any
) -> RevisionSpec:
    refuse_unsupported(request)
    launch_type, strategy = before.launch_type, before.capacity_provider_strategy
    if request.capacity_provider_strategy:
        launch_type, strategy = capacity_of(call, cluster, None, request.capacity_provider_strategy)
    elif request.capacity_provider_strategy is not None:
        strategy = ()
    check_launch_type(definition, launch_type)
    network = request.network_configuration
    if network is None and definition.network_mode == "awsvpc":
        network = before.network_configuration
    platform = request.platform_version
    if platform is None and launch_type == before.launch_type:
        platform = before.platform_version
    bindings = request.load_balancers
    if bindings is None:
        bindings = [entry.verbatim for entry in before.load_balancers]
    return RevisionSpec(
        task_definition_arn=definition.task_definition_arn,
        launch_type=launch_type,
        capacity_provider_strategy=strategy,
        platform_version=platform_version(platform, launch_type, definition),
        network_configuration=network_configuration(network, definition, launch_type),
        load_balancers=load_balancers(call.store.state, bindings, definition),
        verbatim={**before.verbatim, **kept_members(request)},
    )


def spec_of(revision: ServiceRevision) -> RevisionSpec:
    return RevisionSpec(**{member: getattr(revision, member) for member in SPEC_MEMBERS})


def members_of(spec: RevisionSpec) -> dict[str, Any]:
    return {member: getattr(spec, member) for member in SPEC_MEMBERS}


def check_launch_type(definition: TaskDefinition, launch_type: str) -> None:
    if launch_type != "EC2" and launch_type not in definition.compatibilities:
        raise invalid(f"Task definition does not support launch_type {launch_type}.")


def kept_members(request: Any) -> Document:
    given = {wire: getattr(request, name, None) for name, wire in KEPT.items()}
    return {wire: document(value) for wire, value in given.items() if value is not None}


def refuse_unsupported(request: Any) -> None:
    for name, wire in REFUSED.items():
        if getattr(request, name, None):
            raise unsupported(wire)
