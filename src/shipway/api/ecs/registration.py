"""RegisterContainerInstance: an agent says what its machine is and has.

An agent that is refused does not come back by itself, so whatever ARN it brings is accepted, known or
forgotten; only a deregistered one is not. Every attribute that it sends is repeated in the answer, or it
gives up. A lost answer makes it ask again without an ARN: an instance of the same machine that never
connected and never had a task is then given to it once more.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.identifiers import (
    cluster_arn_of,
    cluster_of,
    invalid,
    is_fargate_cluster,
    resource_arn,
)
from shipway.api.ecs.render_container_instances import container_instance_wire
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.arn import short_name
from shipway.model.cluster import Cluster
from shipway.model.container_instance import CAPACITY_PROVIDER, ContainerInstance
from shipway.model.daemon import Daemon, DaemonRevision
from shipway.model.record import Document
from shipway.store import Reads, Transaction

BUILT_IN_PREFIXES = ("ecs.", "com.amazonaws.ecs.")
FROM_IDENTITY = {
    "ecs.availability-zone": "availabilityZone",
    "ecs.instance-type": "instanceType",
    "ecs.ami-id": "imageId",
}
"""Attributes that the control plane adds from the identity document, as ECS does from EC2."""


def register_container_instance(call: Call, request: Any) -> dict[str, Any]:
    cluster_arn = cluster_arn_of(call, request.cluster)
    with call.store.transaction() as tx:
        if is_fargate_cluster(cluster_arn):
            if tx.get(Cluster, cluster_arn) is None:
                tx.put(Cluster(cluster_arn=cluster_arn, created_at=call.clock.now_ms()))
        else:
            cluster_of(call, request.cluster)
        identity = identity_of(request.instance_identity_document)
        before = known_instance(call, tx, cluster_arn, request, identity)
        arn = before.container_instance_arn if before else new_arn(call, cluster_arn, request)
        now = call.clock.now_ms()
        instance = registered(
            before
            or ContainerInstance(
                container_instance_arn=arn, cluster_arn=cluster_arn, registered_at=now, version=0
            ),
            request,
            identity,
        )
        instance = instance if before else held_for_daemons(tx, instance, now)
        tx.put(instance)
        return {"containerInstance": container_instance_wire(tx, instance, frozenset({"TAGS"}))}


def held_for_daemons(tx: Transaction, instance: ContainerInstance, now_ms: int) -> ContainerInstance:
    """A new machine is REGISTERING until the critical daemons of its capacity provider run on it."""
    critical = [
        daemon.daemon_arn
        for daemon in tx.by(Daemon, "cluster_arn", instance.cluster_arn)
        if daemon.status == "ACTIVE"
        and (revision := tx.get(DaemonRevision, daemon.revision_arn)) is not None
        and revision.critical
        and instance.capacity_provider_name in revision.provider_names
    ]
    if not critical:
        return instance
    return replace(instance, status="REGISTERING", held_by=tuple(critical), held_at=now_ms)


def known_instance(
    call: Call, state: Reads, cluster_arn: str, request: Any, identity: Document
) -> ContainerInstance | None:
    if request.container_instance_arn:
        arn = resource_arn(call, cluster_arn, "container-instance", request.container_instance_arn)
        known = state.get(ContainerInstance, arn)
        if known is not None and known.status == "INACTIVE":
            raise ApiError(
                "ClientException",
                f"The container instance {arn} was deregistered. Register without its ARN to be a new one.",
            )
        return known
    instance_id = identity.get("instanceId")
    for instance in state.by(ContainerInstance, "ec2_instance_id", instance_id) if instance_id else []:
        unused = (
            instance.message_seq_num == 0 and not instance.agent_connected and not instance.disconnected_at
        )
        if instance.cluster_arn == cluster_arn and instance.status == "ACTIVE" and unused:
            return instance
    return None


def new_arn(call: Call, cluster_arn: str, request: Any) -> str:
    if request.container_instance_arn:
        return resource_arn(call, cluster_arn, "container-instance", request.container_instance_arn)
    return call.place.container_instance(short_name(cluster_arn), call.ids.hex32())


def registered(instance: ContainerInstance, request: Any, identity: Document) -> ContainerInstance:
    """The instance as the agent describes it now. What users put on it (attributes, DRAINING) stays."""
    resources: list[Document] = [resource_wire(entry) for entry in document(request.total_resources or [])]
    by_name = {resource["name"]: resource for resource in resources}
    sent = {entry["name"]: entry.get("value") for entry in document(request.attributes or [])}
    added = {name: identity[member] for name, member in FROM_IDENTITY.items() if identity.get(member)}
    built_in = {n: v for n, v in {**added, **sent}.items() if n.startswith(BUILT_IN_PREFIXES)}
    custom = {n: v for n, v in sent.items() if not n.startswith(BUILT_IN_PREFIXES)}
    return replace(
        instance,
        status=instance.status if instance.status in ("DRAINING", "REGISTERING") else "ACTIVE",
        ec2_instance_id=identity.get("instanceId")
        or instance.ec2_instance_id
        or f"mi-{instance.instance_id[:17]}",
        private_ip=identity.get("privateIp") or instance.private_ip,
        availability_zone=built_in.get("ecs.availability-zone") or instance.availability_zone,
        cpu=by_name.get("CPU", {}).get("integerValue", 0),
        memory=by_name.get("MEMORY", {}).get("integerValue", 0),
        gpu_ids=tuple(device.id for device in request.platform_devices or [] if device.type == "GPU"),
        ports_tcp=ports(by_name.get("PORTS")),
        ports_udp=ports(by_name.get("PORTS_UDP")),
        capacity_provider_name=custom.get(CAPACITY_PROVIDER) or instance.capacity_provider_name,
        attributes=built_in,
        custom_attributes={**instance.custom_attributes, **custom},
        version_info=docker_version_prefixed(document(request.version_info) or {}),
        total_resources=tuple(resources),
        tags=checked_tags(request.tags) or instance.tags,
        version=instance.version + 1,
    )


def identity_of(text: str | None) -> Document:
    """The instance identity document, which the agent passes on as text; blank outside EC2."""
    if not text or not text.strip():
        return {}
    try:
        identity = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise invalid(f"The instance identity document is not valid JSON: {error}") from error
    return {name: value for name, value in identity.items() if isinstance(value, str)}


def resource_wire(given: Document) -> Document:
    """With the zero-valued members that ECS always shows."""
    return {"doubleValue": 0.0, "longValue": 0, "integerValue": 0, **given}


def ports(resource: Document | None) -> tuple[int, ...]:
    texts = (resource or {}).get("stringSetValue") or []
    return tuple(sorted(int(text) for text in texts if text.isdigit()))


def docker_version_prefixed(version_info: Document) -> Document:
    version = version_info.get("dockerVersion")
    if version and not version.startswith("DockerVersion:"):
        return {**version_info, "dockerVersion": f"DockerVersion: {version}"}
    return version_info
