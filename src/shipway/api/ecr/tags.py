"""Tags of repositories."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecr.repositories import find_repository
from shipway.api.errors import ApiError
from shipway.api.shapes import document
from shipway.model.repository import Repository


def tag_resource(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        repository = repository_of(call, request.resource_arn)
        added = {tag["Key"]: tag for tag in document(request.tags)}
        kept = tuple(tag for tag in repository.tags if tag["Key"] not in added)
        tx.put(replace(repository, tags=(*kept, *added.values())))
    return {}


def untag_resource(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        repository = repository_of(call, request.resource_arn)
        tx.put(
            replace(
                repository, tags=tuple(tag for tag in repository.tags if tag["Key"] not in request.tag_keys)
            )
        )
    return {}


def list_tags_for_resource(call: Call, request: Any) -> dict[str, Any]:
    return {"tags": list(repository_of(call, request.resource_arn).tags)}


def repository_of(call: Call, arn: str) -> Repository:
    prefix = call.place.arn("repository/", service="ecr")
    if not arn.startswith(prefix):
        raise ApiError(
            "InvalidParameterException",
            f"Invalid parameter at 'resourceArn': '{arn}' is no repository's ARN.",
        )
    return find_repository(call, arn.removeprefix(prefix))
