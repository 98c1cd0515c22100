"""Repositories. Docker may push to one that was never created; this API shows only those that were."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.errors import ApiError
from shipway.api.paging import InvalidTokenError, page
from shipway.api.shapes import document
from shipway.model.repository import Repository

PAGE = 100


def create_repository(call: Call, request: Any) -> dict[str, Any]:
    name = request.repository_name
    with call.store.transaction() as tx:
        if tx.get(Repository, name) is not None:
            text = f"The repository with name '{name}' already exists {in_registry(call)}"
            raise ApiError("RepositoryAlreadyExistsException", text)
        scanning = request.image_scanning_configuration
        repository = Repository(
            repository_name=name,
            repository_arn=call.place.arn(f"repository/{name}", service="ecr"),
            created_at=call.clock.now_ms(),
            image_tag_mutability=request.image_tag_mutability or "MUTABLE",
            scan_on_push=bool(scanning and scanning.scan_on_push),
            encryption_configuration=document(request.encryption_configuration),
            tags=tuple(document(request.tags or [])),
        )
        tx.put(repository)
    return {"repository": repository_answer(call, repository)}


def describe_repositories(call: Call, request: Any) -> dict[str, Any]:
    if request.repository_names is not None:
        found = [find_repository(call, name) for name in request.repository_names]
        return {"repositories": [repository_answer(call, repository) for repository in found]}
    try:
        found, token = page(
            call.store.state.all(Repository),
            lambda repository: repository.repository_name,
            request.next_token,
            request.max_results or PAGE,
        )
    except InvalidTokenError as error:
        raise invalid_token() from error
    answer: dict[str, Any] = {"repositories": [repository_answer(call, repository) for repository in found]}
    if token is not None:
        answer["nextToken"] = token
    return answer


async def delete_repository(call: Call, request: Any) -> dict[str, Any]:
    """The record goes and with `force` the images; the registry frees their layers at its own time."""
    name = request.repository_name
    find_repository(call, name)
    tags = await call.registry.tags(name)
    if tags and not request.force:
        text = (
            f"The repository with name '{name}' {in_registry(call)} cannot be deleted "
            "because it still contains images"
        )
        raise ApiError("RepositoryNotEmptyException", text)
    for tag in tags:
        manifest = await call.registry.manifest(name, tag)
        if manifest is not None:
            await call.registry.delete(name, manifest.digest)
    with call.store.transaction() as tx:
        repository = find_repository(call, name)
        tx.delete(Repository, name)
    return {"repository": repository_answer(call, repository)}


def find_repository(call: Call, name: str) -> Repository:
    repository = call.store.state.get(Repository, name)
    if repository is None:
        text = f"The repository with name '{name}' does not exist {in_registry(call)}"
        raise ApiError("RepositoryNotFoundException", text)
    return repository


def repository_answer(call: Call, repository: Repository) -> dict[str, Any]:
    return {
        "repositoryArn": repository.repository_arn,
        "registryId": call.settings.account_id,
        "repositoryName": repository.repository_name,
        "repositoryUri": f"{call.registry.address}/{repository.repository_name}",
        "createdAt": repository.created_at / 1000,
        "imageTagMutability": repository.image_tag_mutability,
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": repository.encryption_configuration or {"encryptionType": "AES256"},
    }


def in_registry(call: Call) -> str:
    return f"in the registry with id '{call.settings.account_id}'"


def invalid_token() -> ApiError:
    return ApiError(
        "InvalidParameterException",
        "Invalid parameter at 'nextToken' failed to satisfy constraint: it was not made here.",
    )
