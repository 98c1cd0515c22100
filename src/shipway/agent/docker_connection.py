"""Calls to Docker Engine's HTTP API: aiodocker finds the engine (socket, DOCKER_HOST, context), the
calls are our own.

Our own because one connection per followed log must not count against a pool's limit, because statistics
are wanted without the second's wait, and because errors must come back as the engine worded them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiodocker
import aiohttp
import msgspec

from shipway.agent.engine import EngineError

RETRY_TEXTS = (
    "address already in use",  # the address of a task that is just being removed
    "connection refused",
    "connection reset",
    "timeout",
    "request canceled",
    "unexpected EOF",
    "toomanyrequests",
    "removal of container",
)


class DockerConnection:
    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._base = ""
        self.versions: dict[str, Any] = {}

    async def open(self) -> None:
        try:
            found = aiodocker.Docker()
        except (AssertionError, ValueError, aiodocker.DockerError) as error:
            raise EngineError(
                "No Docker Engine was found: neither DOCKER_HOST nor a local socket is there."
            ) from error
        connector = found.connector
        if isinstance(connector, aiohttp.UnixConnector):
            unlimited: aiohttp.BaseConnector = aiohttp.UnixConnector(connector.path, limit=0)
            self._session = aiohttp.ClientSession(
                connector=unlimited, timeout=aiohttp.ClientTimeout(total=None)
            )
            await found.close()
        else:
            self._session = found.session
        self._base = found.docker_host
        self.versions = await self.json("GET", "/version")
        self._base += f"/v{self.versions['ApiVersion']}"

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def json(self, method: str, path: str, **request: Any) -> Any:
        async with self.stream(method, path, **request) as response:
            content = await response.read()
        return msgspec.json.decode(content) if content else None

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: Any = None, **headers: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session is not None
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body
        if body is not None and not isinstance(body, bytes):
            data = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method, self._base + path, params=query, data=data, headers=sent
            ) as response:
                if response.status >= 400:
                    raise _error(response.status, await response.read())
                yield response
        except aiohttp.ClientError as error:
            raise EngineError(f"Docker Engine does not answer: {error}", retry=True) from error


def _error(status: int, content: bytes) -> EngineError:
    try:
        message = str(msgspec.json.decode(content)["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        message = content.decode(errors="replace").strip()
    return engine_error(message, missing=status == 404)


def engine_error(message: str, *, missing: bool = False) -> EngineError:
    """Rule: what is in the table may be tried again; everything else is the engine's last word."""
    lowered = message.lower()
    retry = any(text.lower() in lowered for text in RETRY_TEXTS)
    return EngineError(f"Error response from daemon: {message}", retry=retry, missing=missing)
