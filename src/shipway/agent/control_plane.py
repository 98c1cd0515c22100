"""Signed calls to the control plane: ECS, ECR and CloudWatch Logs over JSON 1.1."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec

from shipway.agent.configuration import Configuration
from shipway.agent.signing import signed_headers
from shipway.seams import Clock

TARGETS = {
    "ecs": "AmazonEC2ContainerServiceV20141113",
    "ecr": "AmazonEC2ContainerRegistry_V20150921",
    "logs": "Logs_20140328",
    "secretsmanager": "secretsmanager",
    "ssm": "AmazonSSM",
}
CALL_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)


class CallError(Exception):
    """The control plane answered with an error."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def passing(self) -> bool:
        """Worth trying again: its fault, or too many at once."""
        return self.status >= 500 or self.code in (
            "ThrottlingException",
            "ServerException",
            "LimitExceededException",
        )


class Unreachable(Exception):
    """Nobody answered."""


class ControlPlane:
    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        self.session = aiohttp.ClientSession(connector=connector)

    async def close(self) -> None:
        await self.session.close()

    def amz_date(self) -> str:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")

    def sign(self, service: str, request: tuple[str, str, bytes], headers: dict[str, str]) -> dict[str, str]:
        configuration = self._configuration
        scope = (configuration.region, service)
        return signed_headers(configuration.credentials, scope, request, self.amz_date(), headers)

    async def call(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The decoded answer. Raises CallError or Unreachable; tries once."""
        url = f"{self._configuration.control_plane_url}/"
        body = msgspec.json.encode(request)
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{TARGETS[service]}.{operation}",
        }
        signed = self.sign(service, ("POST", url, body), headers)
        try:
            async with self.session.post(url, data=body, headers=signed, timeout=CALL_TIMEOUT) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{operation} at {url}: {error!r}") from error
        try:
            answer = msgspec.json.decode(content) if content else {}
        except msgspec.DecodeError:
            answer = {}
        if response.status >= 400 or not isinstance(answer, dict):
            raise _call_error(answer, response.status)
        return answer


def _call_error(answer: Any, status: int) -> CallError:
    members = answer if isinstance(answer, dict) else {}
    code = str(members.get("__type") or "ServerException").rsplit("#", 1)[-1]
    return CallError(code, str(members.get("message") or members.get("Message") or ""), status)
