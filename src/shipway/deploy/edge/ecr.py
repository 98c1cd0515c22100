"""Every call to Amazon ECR that the deploy half makes."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.edge.calls import Calls
from shipway.deploy.edge.masking import SECRETS
from shipway.deploy.errors import AwsRefusal, DeployError


@dataclass(frozen=True)
class RegistryLogin:
    """What `docker login` needs; the password never shows in a repr."""

    address: str
    user: str
    password: str = field(repr=False)


class Ecr:
    """Repositories of images, and the login to their registry."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def repository_uri(self, name: str) -> str | None:
        try:
            answer = self._calls.call("DescribeRepositories", {"repositoryNames": [name]})
        except AwsRefusal as refusal:
            if refusal.code == "RepositoryNotFoundException":
                return None
            raise
        return next((_text(found["repositoryUri"]) for found in answer.get("repositories", ())), None)

    def create_repository(self, name: str) -> str:
        answer = self._calls.call("CreateRepository", {"repositoryName": name})
        return _text(answer["repository"]["repositoryUri"])

    def delete_repository(self, name: str) -> None:
        """With whatever images are in it."""
        self._calls.call("DeleteRepository", {"repositoryName": name, "force": True})

    def tag_of(self, repository: str, digest: str) -> str | None:
        """A tag that this digest was pushed under; version numbers before others."""
        request = {"repositoryName": repository, "imageIds": [{"imageDigest": digest}]}
        details = self._calls.call("DescribeImages", request).get("imageDetails", ())
        tags = [_text(tag) for detail in details for tag in detail.get("imageTags") or ()]
        return min(tags, key=lambda tag: (tag == "latest", tag.startswith("sha-"), tag), default=None)

    def digest_of(self, registry: str | None, repository: str, image_id: dict[str, str]) -> str | None:
        """What the tag means now, or the digest itself when it is there."""
        request: dict[str, Any] = {"repositoryName": repository, "imageIds": [image_id]}
        if registry is not None:
            request["registryId"] = registry
        details = self._calls.call("DescribeImages", request).get("imageDetails", ())
        return next((_text(detail["imageDigest"]) for detail in details), None)

    def login(self) -> RegistryLogin:
        answer = self._calls.call("GetAuthorizationToken", {})
        data = next(iter(answer.get("authorizationData", ())), None)
        if data is None:
            raise DeployError("GetAuthorizationToken gave no token, so nothing can be pushed to ECR.")
        user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        SECRETS.learn({"args": {"password": password}})
        return RegistryLogin(_text(data["proxyEndpoint"]).split("://", 1)[-1], user, password)


def _text(value: Any) -> str:
    return str(value)
