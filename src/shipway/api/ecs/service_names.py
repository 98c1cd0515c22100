"""The names under which a service's tasks are found in the task network: those of Service Connect and of
Cloud Map. There is no proxy and no DNS zone: Docker's own resolver answers them with the tasks' addresses.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from shipway.api.call import Call, Settings
from shipway.model.arn import short_name
from shipway.model.cluster import Cluster
from shipway.model.record import Document
from shipway.model.task_definition import TaskDefinition

FOUND_BY = ("serviceRegistries", "serviceConnectConfiguration")


def service_names(call: Call, cluster_arn: str, verbatim: Document) -> tuple[str, ...]:
    """`verbatim` is a revision's; only awsvpc tasks are in the network."""
    cluster = call.store.state.get(Cluster, cluster_arn)
    defaults = (cluster.service_connect_defaults if cluster else None) or {}
    connect = verbatim.get("serviceConnectConfiguration") or {}
    namespace = connect.get("namespace") or defaults.get("namespace") or ""
    names = [*connect_names(connect, namespace_name(call.settings, namespace))]
    names += registry_names(call.settings, verbatim.get("serviceRegistries") or [])
    return tuple(dict.fromkeys(names))


def connect_names(connect: Document, namespace: str) -> Iterator[str]:
    for service in connect_services(connect):
        discovery_name = service.get("discoveryName") or service["portName"]
        yield f"{discovery_name}.{namespace}" if namespace else discovery_name
        yield from (alias["dnsName"] for alias in service.get("clientAliases") or [] if alias.get("dnsName"))


def connect_services(connect: Document) -> list[Document]:
    return list(connect.get("services") or []) if connect.get("enabled") else []


def other_ports(connect: Document, definition: TaskDefinition | None) -> Iterator[tuple[str, int, int]]:
    """Where clients would speak to another port than the container's, which only a proxy makes possible:
    the alias, its port, the container's.
    """
    ports = {
        mapping.get("name"): mapping.get("containerPort")
        for container in (definition.containers if definition else [])
        for mapping in container.get("portMappings") or []
    }
    for service in connect_services(connect):
        port = ports.get(service["portName"])
        for alias in service.get("clientAliases") or []:
            if port and alias["port"] != port:
                name = alias.get("dnsName") or service.get("discoveryName") or service["portName"]
                yield name, alias["port"], port


def namespace_name(settings: Settings, given: str) -> str:
    """Of a name, or of the ARN of a namespace that Cloud Map knows."""
    if not given.startswith("arn:"):
        return given
    found = cloud_map(settings).get("namespaces", {}).get(short_name(given))
    return str(found.name) if found else ""


def registry_names(settings: Settings, registries: list[Document]) -> Iterator[str]:
    known = cloud_map(settings) if registries else {}
    for registry in registries:
        service = known.get("services", {}).get(short_name(registry.get("registryArn") or ""))
        namespace = known["namespaces"].get(service.namespace_id) if service else None
        if service and namespace:
            yield f"{service.name}.{namespace.name}"


def cloud_map(settings: Settings) -> dict[str, Any]:
    """moto's namespaces and services, by id; nothing while nobody has made any."""
    if "moto.servicediscovery" not in sys.modules:
        return {}
    from moto.servicediscovery.models import servicediscovery_backends

    kept = servicediscovery_backends[settings.account_id][settings.region]
    return {"namespaces": kept.namespaces, "services": kept.services}
