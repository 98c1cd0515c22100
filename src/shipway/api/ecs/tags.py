"""Tags of clusters, services, tasks, task definitions and container instances, by their ARN."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.capacity_provider_rules import SIZE_TAGS, size_told_by
from shipway.api.ecs.identifiers import invalid
from shipway.api.ecs.tag_rules import TAGS_MAX, checked_tags, merged, without
from shipway.api.errors import ApiError
from shipway.model.arn import resource_path
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon
from shipway.model.daemon_task_definition import DaemonTaskDefinition
from shipway.model.record import Document, Record
from shipway.model.service import Service
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet

SIZE_TAG_KEYS = frozenset(SIZE_TAGS.values())
TAGGABLE: dict[str, tuple[type[Record], int]] = {
    "cluster": (Cluster, 2),
    "service": (Service, 3),
    "task": (Task, 3),
    "capacity-provider": (CapacityProvider, 2),
    "container-instance": (ContainerInstance, 3),
    "task-definition": (TaskDefinition, 2),
    "task-set": (TaskSet, 5),
    "daemon": (Daemon, 3),
    "daemon-task-definition": (DaemonTaskDefinition, 2),
}
"""Kinds of resource, and how many segments the long form of their ARN has."""


def tag_resource(call: Call, request: Any) -> dict[str, Any]:
    record = tagged(call, request.resource_arn)
    tags = merged(record.tags, checked_tags(request.tags))
    if len(tags) > TAGS_MAX:
        raise invalid(f"The number of tags exceeds the limit of {TAGS_MAX} tags per resource.")
    with call.store.transaction() as tx:
        tx.put(retagged(record, tags))
    return {}


def retagged(record: Any, tags: tuple[Document, ...]) -> Any:
    """Tags of a capacity provider may say how large its group is to be."""
    if isinstance(record, CapacityProvider) and SIZE_TAG_KEYS & {tag["key"] for tag in tags}:
        record = replace(record, group_size=size_told_by(tags))
    return replace(record, tags=tags)


def untag_resource(call: Call, request: Any) -> dict[str, Any]:
    record = tagged(call, request.resource_arn)
    with call.store.transaction() as tx:
        tx.put(replace(record, tags=without(record.tags, request.tag_keys)))
    return {}


def list_tags_for_resource(call: Call, request: Any) -> dict[str, Any]:
    return {"tags": list(tagged(call, request.resource_arn).tags)}


def tagged(call: Call, arn: str) -> Any:
    path = resource_path(arn)
    if not path or path[0] not in TAGGABLE:
        raise invalid(f"Unsupported resource type: {path[0] if path else arn}")
    kind, segments = TAGGABLE[path[0]]
    if len(path) != segments:
        raise invalid("Long arn format must be used for tagging operations")
    record = call.store.state.get(kind, arn)
    if record is None:
        raise ApiError("ResourceNotFoundException", f"The specified {path[0]} is not found.")
    return record
