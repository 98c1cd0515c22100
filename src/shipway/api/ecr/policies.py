"""Lifecycle policies and repository policies: kept and given back, not applied."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecr.repositories import find_repository, in_registry
from shipway.api.errors import ApiError


def put_lifecycle_policy(call: Call, request: Any) -> dict[str, Any]:
    return keep(call, request.repository_name, lifecycle_policy_text=request.lifecycle_policy_text)


def get_lifecycle_policy(call: Call, request: Any) -> dict[str, Any]:
    return {**lifecycle_policy(call, request.repository_name), "lastEvaluatedAt": call.clock.now_ms() / 1000}


def delete_lifecycle_policy(call: Call, request: Any) -> dict[str, Any]:
    answer = lifecycle_policy(call, request.repository_name)
    keep(call, request.repository_name, lifecycle_policy_text=None)
    return answer


def set_repository_policy(call: Call, request: Any) -> dict[str, Any]:
    return keep(call, request.repository_name, policy_text=request.policy_text)


def get_repository_policy(call: Call, request: Any) -> dict[str, Any]:
    return repository_policy(call, request.repository_name)


def delete_repository_policy(call: Call, request: Any) -> dict[str, Any]:
    answer = repository_policy(call, request.repository_name)
    keep(call, request.repository_name, policy_text=None)
    return answer


def lifecycle_policy(call: Call, name: str) -> dict[str, Any]:
    text = find_repository(call, name).lifecycle_policy_text
    if text is None:
        message = f"Lifecycle policy does not exist for the repository with name '{name}' {in_registry(call)}"
        raise ApiError("LifecyclePolicyNotFoundException", message)
    return {**named(call, name), "lifecyclePolicyText": text}


def repository_policy(call: Call, name: str) -> dict[str, Any]:
    text = find_repository(call, name).policy_text
    if text is None:
        message = (
            f"Repository policy does not exist for the repository with name '{name}' {in_registry(call)}"
        )
        raise ApiError("RepositoryPolicyNotFoundException", message)
    return {**named(call, name), "policyText": text}


def keep(call: Call, name: str, **texts: str | None) -> dict[str, Any]:
    with call.store.transaction() as tx:
        tx.put(replace(find_repository(call, name), **texts))
    members = {"lifecycle_policy_text": "lifecyclePolicyText", "policy_text": "policyText"}
    return {
        **named(call, name),
        **{members[member]: text for member, text in texts.items() if text is not None},
    }


def named(call: Call, name: str) -> dict[str, Any]:
    return {"registryId": call.settings.account_id, "repositoryName": name}
