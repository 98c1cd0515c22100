"""Clusters: create, describe, list, change, delete."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.capacity_providers import checked_providers, checked_strategy, providers_in_use
from shipway.api.ecs.identifiers import DEFAULT_CLUSTER, at_most, cluster_arn_of, cluster_of, invalid, missing
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.render_clusters import cluster_wire
from shipway.api.ecs.tag_rules import checked_tags
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.account_setting import AccountSetting
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.container_instance import LENT, ContainerInstance
from shipway.model.record import Document
from shipway.model.service import Service
from shipway.model.task import Task
from shipway.store import Transaction

CLUSTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def create_cluster(call: Call, request: Any) -> dict[str, Any]:
    name = request.cluster_name or DEFAULT_CLUSTER
    if not CLUSTER_NAME.fullmatch(name):
        raise invalid(
            "The specified cluster name is invalid. Up to 255 letters (uppercase and lowercase), numbers, "
            "underscores, and hyphens are allowed."
        )
    if name == FARGATE_CLUSTER:
        raise invalid(
            f"The cluster name {name} is kept for local ECS's own Fargate capacity. Choose another one."
        )
    arn = call.place.cluster(name)
    existing = call.store.state.get(Cluster, arn)
    if existing is not None and existing.status == "ACTIVE":
        return {"cluster": cluster_wire(call.store.state, existing)}
    providers = checked_providers(call, request.capacity_providers or [], arn)
    cluster = Cluster(
        cluster_arn=arn,
        created_at=call.clock.now_ms(),
        settings=settings_of(call, request.settings),
        configuration=checked_configuration(request.configuration),
        capacity_providers=providers,
        default_capacity_provider_strategy=checked_strategy(
            request.default_capacity_provider_strategy, providers
        ),
        service_connect_defaults=document(request.service_connect_defaults),
        tags=checked_tags(request.tags),
    )
    with call.store.transaction() as tx:
        tx.put(cluster)
        return {"cluster": cluster_wire(tx, cluster)}


def describe_clusters(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    include = frozenset(request.include or ())
    clusters, failures = [], []
    for given in at_most(request.clusters, 100, "clusters") or [DEFAULT_CLUSTER]:
        arn = cluster_arn_of(call, given)
        cluster = state.get(Cluster, arn)
        if cluster is None or cluster.hidden:
            failures.append(missing(arn))
        else:
            clusters.append(cluster_wire(state, cluster, include))
    return {"clusters": clusters, "failures": failures}


def list_clusters(call: Call, request: Any) -> dict[str, Any]:
    arns = [
        cluster.cluster_arn
        for cluster in call.store.state.all(Cluster)
        if cluster.status == "ACTIVE" and not cluster.hidden
    ]
    shown, next_token = page(arns, request)
    return with_token({"clusterArns": shown}, next_token)


def update_cluster(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    changes: dict[str, Any] = {}
    if request.settings is not None:
        changes["settings"] = settings_of(call, request.settings)
    if request.configuration is not None:
        changes["configuration"] = checked_configuration(request.configuration)
    if request.service_connect_defaults is not None:
        changes["service_connect_defaults"] = document(request.service_connect_defaults)
    return changed(call, cluster, **changes)


def update_cluster_settings(call: Call, request: Any) -> dict[str, Any]:
    return changed(call, cluster_of(call, request.cluster), settings=settings_of(call, request.settings))


def put_cluster_capacity_providers(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    providers = checked_providers(call, request.capacity_providers, cluster.cluster_arn)
    strategy = checked_strategy(request.default_capacity_provider_strategy, providers)
    used = providers_in_use(call.store.state, cluster.cluster_arn)
    if any(name in used for name in cluster.capacity_providers if name not in providers):
        raise ApiError(
            "ResourceInUseException",
            "The specified capacity provider is in use and cannot be removed from the cluster.",
        )
    return changed(call, cluster, capacity_providers=providers, default_capacity_provider_strategy=strategy)


def delete_cluster(call: Call, request: Any) -> dict[str, Any]:
    """Container instances that local ECS lent do not hold a cluster back: they become INACTIVE with it."""
    cluster = call.store.state.get(Cluster, cluster_arn_of(call, request.cluster))
    if cluster is None or cluster.hidden:
        raise ApiError("ClusterNotFoundException", "Cluster not found.")
    if cluster.status == "INACTIVE":
        return {"cluster": cluster_wire(call.store.state, cluster)}
    with call.store.transaction() as tx:
        lent = instances_to_retire(tx, cluster.cluster_arn)
        for instance in lent:
            retired = {"status": "INACTIVE", "deregistered_at": call.clock.now_ms()}
            tx.put(replace(instance, version=instance.version + 1, **retired))
        inactive = replace(cluster, status="INACTIVE")
        tx.put(inactive)
        return {"cluster": cluster_wire(tx, inactive)}


def instances_to_retire(tx: Transaction, cluster_arn: str) -> list[ContainerInstance]:
    """The lent instances of a cluster that may be deleted; raises ECS's refusal otherwise."""
    if any(service.status == "ACTIVE" for service in tx.by(Service, "cluster_arn", cluster_arn)):
        raise ApiError(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    instances = [i for i in tx.by(ContainerInstance, "cluster_arn", cluster_arn) if i.status != "INACTIVE"]
    if any(instance.all_attributes.get(LENT) != "true" for instance in instances):
        raise ApiError(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    if tx.count_by(CapacityProvider, "cluster_arn", cluster_arn):
        raise ApiError(
            "ClusterContainsCapacityProviderException",
            "The Cluster cannot be deleted while it has Managed Instances capacity providers.",
        )
    if any(not task.stopped for task in tx.by(Task, "cluster_arn", cluster_arn)):
        raise ApiError(
            "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."
        )
    return instances


def changed(call: Call, cluster: Cluster, **changes: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        cluster = replace(cluster, **changes)
        tx.put(cluster)
        return {"cluster": cluster_wire(tx, cluster)}


def settings_of(call: Call, settings: Any) -> tuple[Document, ...]:
    given = {setting["name"]: setting.get("value") for setting in document(settings or [])}
    for name in given:
        if name != "containerInsights":
            raise invalid(f"Invalid setting name '{name}'. Valid setting names are [containerInsights].")
    value = given.get("containerInsights") or account_default(call)
    if value not in ("enabled", "disabled", "enhanced"):
        raise invalid(f"Invalid setting value '{value}'. Valid values are [enabled, disabled, enhanced].")
    return ({"name": "containerInsights", "value": value},)


def account_default(call: Call) -> str:
    root = f"arn:aws:iam::{call.settings.account_id}:root"
    setting = call.store.state.get(AccountSetting, f"{root} containerInsights")
    return setting.value if setting is not None else "disabled"


def checked_configuration(configuration: Any) -> Document | None:
    plain: Document | None = document(configuration)
    execute = (plain or {}).get("executeCommandConfiguration") or {}
    if execute.get("logging") == "OVERRIDE" and not execute.get("logConfiguration"):
        raise invalid("logConfiguration must be specified when logging is OVERRIDE.")
    return plain
