"""Values of secrets, fetched as a container is created and kept nowhere: not on disk, not in a log.

The texts of failures are those of Amazon's agent on Fargate.
"""

from __future__ import annotations

import json
from typing import Any

from shipway.agent.control_plane import CallError, ControlPlane, Unreachable
from shipway.agent.engine import EngineError
from shipway.agent.wire import ContainerPayload, Secret

ERROR = "ResourceInitializationError"
PREFIX = "unable to pull secrets or registry auth: execution resource retrieval failed: "
SECRET_ARN_PARTS = 7


class SecretError(EngineError):
    """The container cannot be given what its definition promises it."""

    error_name = ERROR


class Secrets:
    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane

    async def values(self, spec: ContainerPayload) -> dict[str, str]:
        """Variable -> value, of all the container's secrets. Raises SecretError."""
        found: dict[str, str] = {}
        for secret in spec.secrets or ():
            if secret.provider == "asm":
                found[secret.name] = await self._from_secrets_manager(secret)
            else:
                found[secret.name] = await self._parameter(secret)
        return found

    async def _from_secrets_manager(self, secret: Secret) -> str:
        parts = secret.value_from.split(":")
        arn = ":".join(parts[:SECRET_ARN_PARTS])
        key, stage, version = [*parts[SECRET_ARN_PARTS:], "", "", ""][:3]
        request = {"SecretId": arn}
        request |= {"VersionStage": stage} if stage else {}
        request |= {"VersionId": version} if version else {}
        failed = f"{PREFIX}unable to retrieve secret from asm: service call has been retried 1 time(s): "
        try:
            answer = await self._call("secretsmanager", "GetSecretValue", request)
        except CallError as error:
            raise SecretError(
                f"{failed}failed to fetch secret {arn} from secrets manager: {error}"
            ) from error
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise SecretError(f"{failed}secret {arn} has no text value")
        return _member(
            text, key, f"{failed}retrieved secret from Secrets Manager did not contain json key {key}"
        )

    async def _parameter(self, secret: Secret) -> str:
        failed = f"{PREFIX}unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
        name = secret.value_from
        if name.startswith("arn:"):
            path = name.partition(":parameter/")[2]
            name = f"/{path}" if "/" in path else path
        try:
            answer = await self._call("ssm", "GetParameters", {"Names": [name], "WithDecryption": True})
        except CallError as error:
            raise SecretError(f"{failed}{error}") from error
        values = [str(each["Value"]) for each in answer.get("Parameters") or ()]
        if not values:
            raise SecretError(f"{failed}invalid ssm parameters: {secret.value_from}")
        return values[0]

    async def _call(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._control_plane.call(service, operation, request)
        except Unreachable as error:
            raise SecretError(f"{PREFIX}{error}", retry=True) from error
        except CallError as error:
            if error.passing:
                raise SecretError(f"{PREFIX}{error}", retry=True) from error
            raise


def _member(text: str, key: str, missing: str) -> str:
    if not key:
        return text
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or key not in document:
        raise SecretError(missing)
    value = document[key]
    return value if isinstance(value, str) else json.dumps(value)


def with_secrets(body: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """The container's body with them; they have the last word over what bears the same name."""
    kept = [pair for pair in body.get("Env") or () if pair.partition("=")[0] not in values]
    return {**body, "Env": [*kept, *(f"{name}={value}" for name, value in sorted(values.items()))]}
