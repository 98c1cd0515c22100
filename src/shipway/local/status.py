"""`shipway local status`: what runs, where it answers, what it holds. Read as any other tool would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from shipway.local.errors import LocalError
from shipway.local.folder import find_folder
from shipway.local.own_requests import ask
from shipway.local.settings import DOCKER, Endpoint

TIMEOUT_S = 10
SERVICES_PER_CALL = 10
TAGS_PER_CALL = 20
BOUND_PORT = "shipway.bound_port"


class LoadBalancerUrl(msgspec.Struct, frozen=True):
    load_balancer: str
    port: int
    url: str


class InstanceStatus(msgspec.Struct, frozen=True, kw_only=True):
    cluster: str
    instance_id: str
    container_instance_arn: str
    availability_zone: str
    status: str
    connected: bool
    running_tasks: int


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    cluster: str
    service: str
    desired: int
    running: int
    pending: int
    rollout: str


class LocalStatus(msgspec.Struct, frozen=True, kw_only=True):
    running: bool
    data: str
    endpoint_url: str | None = None
    registry: str | None = None
    region: str | None = None
    speed: float = 1.0
    engine: str = DOCKER
    load_balancers: tuple[LoadBalancerUrl, ...] = ()
    instances: tuple[InstanceStatus, ...] = ()
    services: tuple[ServiceStatus, ...] = ()
    parts: tuple[dict[str, Any], ...] = ()
    agents: tuple[dict[str, Any], ...] = ()
    loops: tuple[dict[str, Any], ...] = ()


def read_status(data: str | None, environment: Mapping[str, str]) -> LocalStatus:
    folder = find_folder(data, environment)
    endpoint = folder.read_endpoint() if folder.running_pid() else None
    if endpoint is None:
        return LocalStatus(running=False, data=str(folder.path))
    try:
        return observe(endpoint)
    except Exception as error:
        said = str(error).rstrip(".")
        raise LocalError(
            f"Local ECS runs (process {endpoint.pid}) but does not answer at {endpoint.endpoint_url}: "
            f"{said}. See {folder.log_file}."
        ) from error


def observe(endpoint: Endpoint) -> LocalStatus:
    clients = Clients(endpoint)
    clusters = pages(clients.ecs, "list_clusters", "clusterArns")
    own = ask(endpoint, "GET", "status", TIMEOUT_S)
    return LocalStatus(
        running=True,
        data=endpoint.data,
        endpoint_url=endpoint.endpoint_url,
        registry=endpoint.registry,
        region=endpoint.region,
        speed=own["speed"],
        engine=own["engine"],
        load_balancers=tuple(load_balancer_urls(clients.elbv2)),
        instances=tuple(status for cluster in clusters for status in instance_statuses(clients.ecs, cluster)),
        services=tuple(status for cluster in clusters for status in service_statuses(clients.ecs, cluster)),
        parts=tuple(own["parts"]),
        agents=tuple(own["agents"]),
        loops=tuple(own["loops"]),
    )


class Clients:
    def __init__(self, endpoint: Endpoint) -> None:
        from botocore.config import Config
        from botocore.session import Session

        session = Session()
        session.set_config_variable("profile", None)
        options: dict[str, Any] = {
            "region_name": endpoint.region,
            "endpoint_url": endpoint.endpoint_url,
            "aws_access_key_id": endpoint.access_key_id,
            "aws_secret_access_key": endpoint.secret_access_key,
            "config": Config(
                connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"total_max_attempts": 1}
            ),
        }
        self.ecs: Any = session.create_client("ecs", **options)
        self.elbv2: Any = session.create_client("elbv2", **options)


def pages(client: Any, operation: str, member: str, **request: Any) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**request) for item in page[member]]


def read_load_balancer_urls(endpoint: Endpoint) -> tuple[LoadBalancerUrl, ...]:
    return tuple(load_balancer_urls(Clients(endpoint).elbv2))


def load_balancer_urls(elbv2: Any) -> list[LoadBalancerUrl]:
    urls = []
    for balancer in pages(elbv2, "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        for listener in pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn):
            answer = elbv2.describe_listener_attributes(ListenerArn=listener["ListenerArn"])
            attributes = {attribute["Key"]: attribute["Value"] for attribute in answer["Attributes"]}
            port = int(attributes.get(BOUND_PORT) or listener["Port"])
            suffix = "" if port == 80 else f":{port}"
            urls.append(
                LoadBalancerUrl(
                    balancer["LoadBalancerName"], listener["Port"], f"http://{balancer['DNSName']}{suffix}/"
                )
            )
    return urls


def instance_statuses(ecs: Any, cluster_arn: str) -> list[InstanceStatus]:
    arns = pages(ecs, "list_container_instances", "containerInstanceArns", cluster=cluster_arn)
    found: list[dict[str, Any]] = []
    for batch in batches(arns, 100):
        answer = ecs.describe_container_instances(cluster=cluster_arn, containerInstances=batch)
        found += answer["containerInstances"]
    statuses = [
        InstanceStatus(
            cluster=cluster_arn.rpartition("/")[2],
            instance_id=instance.get("ec2InstanceId", ""),
            container_instance_arn=instance["containerInstanceArn"],
            availability_zone=attribute(instance, "ecs.availability-zone"),
            status=instance["status"],
            connected=instance["agentConnected"],
            running_tasks=instance["runningTasksCount"],
        )
        for instance in found
    ]
    return sorted(statuses, key=lambda status: (status.availability_zone, status.instance_id))


def attribute(instance: dict[str, Any], name: str) -> str:
    return next((a.get("value", "") for a in instance.get("attributes", ()) if a["name"] == name), "")


def service_statuses(ecs: Any, cluster_arn: str) -> list[ServiceStatus]:
    arns = pages(ecs, "list_services", "serviceArns", cluster=cluster_arn)
    found: list[dict[str, Any]] = []
    for batch in batches(arns, SERVICES_PER_CALL):
        found += ecs.describe_services(cluster=cluster_arn, services=batch)["services"]
    return [
        ServiceStatus(
            cluster=cluster_arn.rpartition("/")[2],
            service=service["serviceName"],
            desired=service["desiredCount"],
            running=service["runningCount"],
            pending=service["pendingCount"],
            rollout=next((d.get("rolloutState", "") for d in service.get("deployments", ())), ""),
        )
        for service in found
    ]


def batches(items: list[str], size: int) -> list[list[str]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
