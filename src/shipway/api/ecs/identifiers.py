"""What callers name things by: a short name, an id, or an ARN. Every spelling ends in one full ARN here."""

from __future__ import annotations

from shipway.api.call import Call
from shipway.api.errors import ApiError
from shipway.model.arn import resource_path, short_name
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.service import Service

DEFAULT_CLUSTER = "default"
ID_LENGTHS = (32, 36)
ID_NAMES = {"task": "taskId", "container-instance": "instanceId"}


def cluster_arn_of(call: Call, given: str | None) -> str:
    """The ARN of the cluster that a request means, whether it exists or not."""
    name = given or DEFAULT_CLUSTER
    if name.startswith("arn:"):
        return checked_arn(call, name, "cluster", 2)
    if "/" in name or ":" in name:
        raise invalid("Invalid identifier: Unexpected number of separators")
    return call.place.cluster(name)


def cluster_of(call: Call, given: str | None) -> Cluster:
    """The ACTIVE cluster that a request means. Fargate's own is not there for callers."""
    cluster = call.store.state.get(Cluster, cluster_arn_of(call, given))
    if cluster is None or cluster.hidden:
        raise ApiError("ClusterNotFoundException", "Cluster not found.")
    if cluster.status != "ACTIVE":
        raise ApiError("ClusterNotFoundException", "The referenced cluster was inactive.")
    return cluster


def is_fargate_cluster(cluster_arn: str) -> bool:
    return short_name(cluster_arn) == FARGATE_CLUSTER


def resource_arn(call: Call, cluster_arn: str, kind: str, given: str) -> str:
    """Full ARN of a `task`, `container-instance` or `service` of the cluster, from its id, name or ARN."""
    cluster_name = short_name(cluster_arn)
    identifier = given
    if given.startswith("arn:"):
        path = resource_path(checked_arn(call, given, kind, 3))
        if len(path) == 3 and path[1] != cluster_name:
            raise invalid(
                f"Invalid identifier: Identifier is for cluster {path[1]}. Your cluster is {cluster_name}"
            )
        identifier = path[-1]
    elif "/" in given or ":" in given:
        raise invalid("Invalid identifier: Unexpected number of separators")
    if kind in ID_NAMES and len(identifier) not in ID_LENGTHS:
        raise invalid(f"{ID_NAMES[kind]} length should be one of [32,36]")
    return call.place.arn(f"{kind}/{cluster_name}/{identifier}")


def checked_arn(call: Call, arn: str, kind: str, segments: int) -> str:
    parts = arn.split(":", 5)
    path = resource_path(arn)
    if len(parts) != 6 or len(path) > segments or ":" in parts[5]:
        raise invalid("Invalid identifier: Unexpected number of separators")
    if parts[2] != "ecs" or path[0] != kind:
        raise invalid(f"Unsupported resource type: {path[0] if parts[2] == 'ecs' else parts[2]}")
    if parts[4] != call.settings.account_id:
        raise invalid("AccountIDs mismatch")
    return arn


def service_of(call: Call, cluster_arn: str, given: str) -> Service:
    """The service by name or ARN, whatever its status."""
    service = call.store.state.get(Service, resource_arn(call, cluster_arn, "service", given))
    if service is None:
        raise ApiError("ServiceNotFoundException", "Service not found.")
    return service


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def missing(arn: str) -> dict[str, str]:
    """The entry of `failures` for what is not there."""
    return {"arn": arn, "reason": "MISSING"}


def one_of(value: str | None, allowed: tuple[str, ...], what: str) -> str | None:
    """ECS's answer to a word it does not know; None stays None."""
    if value is not None and value not in allowed:
        raise invalid(f"{what} should be one of [{','.join(allowed)}]")
    return value


def at_most(items: list[str] | None, limit: int, what: str) -> list[str]:
    if items is not None and len(items) > limit:
        raise invalid(f"{what} can have at most {limit} items.")
    return items or []
