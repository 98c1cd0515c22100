"""169.254.170.2: the address every AWS SDK asks for task metadata and credentials. One proxy a machine,
for all instances.

The address is this machine's own end of a Docker network, so containers on any bridge reach it by their
default route and none has to be attached to that network. The word in the path begins with the port of
the instance's own metadata server (`/v4/PORT-WORD/...`); only ports that the caller allows are forwarded
to, and only on loopback.
"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
from aiohttp import web

LINK_LOCAL_ADDRESS = "169.254.170.2"
VERSIONS = ("v1", "v2", "v3", "v4", "api")
ANSWER_BYTES_MAX = 4 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=15)


class LinkLocalProxy:
    """Forwards to the metadata servers of the instances whose ports `allowed` accepts."""

    def __init__(self, allowed: Callable[[int], bool]) -> None:
        self._allowed = allowed
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.address = ("", 0)

    async def start(self, address: str = LINK_LOCAL_ADDRESS, port: int = 80) -> None:
        """Listen there. Raises OSError when the address is not this machine's or is taken."""
        application = web.Application(client_max_size=64 * 1024)
        application.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, address, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        self.address = (str(runner.addresses[0][0]), int(runner.addresses[0][1]))

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
        if self._session:
            await self._session.close()

    async def _forward(self, request: web.Request) -> web.Response:
        port = metadata_port(request.path)
        if port is None or not self._allowed(port):
            return web.Response(status=404, text='"unable to find the task of this request"')
        assert self._session is not None
        body = await request.read()
        headers = {
            name: value for name, value in request.headers.items() if name in ("Accept", "Content-Type")
        }
        try:
            async with self._session.request(
                request.method,
                f"http://127.0.0.1:{port}{request.raw_path}",
                data=body or None,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                content = await answer.content.read(ANSWER_BYTES_MAX)
                kind = answer.headers.get("Content-Type", "application/json")
                return web.Response(status=answer.status, body=content, headers={"Content-Type": kind})
        except (aiohttp.ClientError, TimeoutError):
            return web.Response(status=502, text='"the agent of this container instance does not answer"')


def metadata_port(path: str) -> int | None:
    """The port in `/v4/PORT-WORD...`, `/v2/credentials/PORT-ID`, `/api/PORT-WORD/...`."""
    segments = path.split("/")
    if len(segments) < 3 or segments[1] not in VERSIONS:
        return None
    word = segments[3] if segments[2] == "credentials" and len(segments) > 3 else segments[2]
    text = word.partition("-")[0]
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else None
