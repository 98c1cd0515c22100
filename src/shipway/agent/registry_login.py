"""Logins for images whose payload says registryAuthentication of type ecr. Tokens are kept until shortly
before they end.
"""

from __future__ import annotations

import base64

import msgspec

from shipway.agent.control_plane import CallError, ControlPlane, Unreachable
from shipway.agent.engine import EngineError, RegistryLogin
from shipway.agent.wire import ContainerPayload
from shipway.seams import Clock

RENEW_BEFORE_MS = 10 * 60 * 1000
AMAZON_REGISTRY = ".dkr.ecr."


class _Token(msgspec.Struct, frozen=True):
    login: RegistryLogin
    ends_at: int


class RegistryLogins:
    def __init__(self, control_plane: ControlPlane, clock: Clock) -> None:
        self._control_plane = control_plane
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    async def login_for(self, spec: ContainerPayload) -> RegistryLogin | None:
        authentication = spec.registry_authentication
        if authentication is None:
            return None
        registry_id = authentication.ecr_auth_data.registry_id if authentication.ecr_auth_data else ""
        token = self._tokens.get(registry_id)
        if token is None or token.ends_at - RENEW_BEFORE_MS < self._clock.now_ms():
            token = self._tokens[registry_id] = await self._fetch(registry_id)
        return token.login

    async def _fetch(self, registry_id: str) -> _Token:
        request = {"registryIds": [registry_id]} if registry_id else {}
        try:
            answer = await self._control_plane.call("ecr", "GetAuthorizationToken", request)
            data = answer["authorizationData"][0]
            username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        except Unreachable as error:
            raise EngineError(f"the registry's token cannot be fetched: {error}", retry=True) from error
        except (CallError, LookupError, ValueError) as error:
            raise EngineError(f"the registry gave no usable token: {error}") from error
        return _Token(
            RegistryLogin(username, password, str(data.get("proxyEndpoint", ""))),
            round(float(data["expiresAt"]) * 1000),
        )


def image_reference(spec: ContainerPayload, login: RegistryLogin | None) -> str:
    """What to pull: by digest where the deployment has settled on one, and from where the registry says
    it is.
    """
    image = spec.image
    if spec.image_digest and "@" not in image:
        head, slash, tail = image.rpartition("/")
        image = f"{head}{slash}{tail.split(':', 1)[0]}@{spec.image_digest}"
    registry, slash, rest = image.partition("/")
    if login and login.address and slash and AMAZON_REGISTRY in registry:
        address = login.address.split("://", 1)[-1].rstrip("/")
        return f"{address}/{rest}"
    return image
