"""Names of Service Connect and Cloud Map: what a revision's tasks are found by."""

from __future__ import annotations

from typing import Any

from moto.servicediscovery.models import servicediscovery_backends

from shipway.model.service_revision import ServiceRevision
from tests.api_ecs.front import Ecs

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
PORTS = [{"name": "http", "containerPort": 8080}]


def created(ecs: Ecs, **members: Any) -> tuple[list[str], list[str]]:
    """The names of the service's revision, and the texts of its events."""
    container = {"name": "api", "image": "busybox", "memory": 64, "portMappings": PORTS}
    ecs("RegisterTaskDefinition", family="api", networkMode="awsvpc", containerDefinitions=[container])
    told = {"serviceName": "api", "taskDefinition": "api", "desiredCount": 0, "networkConfiguration": NETWORK}
    service = ecs("CreateService", **told, **members)["service"]
    (revision,) = ecs.store.state.all(ServiceRevision)
    return list(revision.service_names), [event["message"] for event in service["events"]]


def connect(*services: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"serviceConnectConfiguration": {"enabled": True, "services": list(services), **members}}


def test_a_service_is_found_by_its_discovery_name_and_its_aliases() -> None:
    """The port's name where no discovery name is given; nothing is left to be told in an event."""
    alias = {"port": 8080, "dnsName": "backend"}
    asked = connect({"portName": "http", "clientAliases": [alias]}, namespace="shop")
    assert created(fresh(), **asked) == (["http.shop", "backend"], [])
    asked = connect({"portName": "http", "discoveryName": "api"}, namespace="shop")
    assert created(fresh(), **asked)[0] == ["api.shop"]


def test_the_clusters_namespace_is_the_default() -> None:
    """serviceConnectDefaults, as in ECS."""
    ecs = fresh()
    ecs("UpdateCluster", cluster="default", serviceConnectDefaults={"namespace": "internal"})
    assert created(ecs, **connect({"portName": "http"}))[0] == ["http.internal"]


def test_a_client_only_service_has_no_names() -> None:
    """And neither has one whose Service Connect is not enabled."""
    assert created(fresh(), **connect(namespace="shop"))[0] == []
    asked = {"serviceConnectConfiguration": {"enabled": False, "services": [{"portName": "http"}]}}
    assert created(fresh(), **asked)[0] == []


def test_a_port_that_only_a_proxy_could_offer_is_told() -> None:
    """Clients find the name, and speak to the container's own port."""
    asked = connect({"portName": "http", "clientAliases": [{"port": 80, "dnsName": "backend"}]})
    assert created(fresh(), **asked)[1] == [
        "(service api) is backend on the container's own port 8080, not on 80: a local ECS has no proxies."
    ]


def test_a_registry_of_cloud_map_is_a_name() -> None:
    """SERVICE.NAMESPACE, as Cloud Map (moto's) knows them; one that it does not know is none."""
    ecs = fresh()
    backend = servicediscovery_backends[ecs.settings.account_id][ecs.settings.region]
    backend.create_private_dns_namespace("shop.local", "1", "", "vpc-1", [], {})
    (namespace,) = backend.namespaces.values()
    service = backend.create_service("api", namespace.id, "2", "", {}, {}, {}, [], "")
    registries = [{"registryArn": service.arn}, {"registryArn": f"{service.arn}-gone"}]
    try:
        assert created(ecs, serviceRegistries=registries) == (["api.shop.local"], [])
    finally:
        backend.reset()


def fresh() -> Ecs:
    ecs = Ecs()
    ecs("CreateCluster")
    return ecs
