"""A websocket to the control plane, opened again whenever it ends: what ACS and TCS share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import aiohttp
from yarl import URL

from shipway.agent.control_plane import CallError, ControlPlane, Unreachable

SILENCE_S_MAX = 90.0
RECONNECT_S_FIRST, RECONNECT_S_MAX, RECONNECT_FACTOR = 0.25, 3.0, 1.5
REFUSED_S_MAX = 60.0
SETTLED_S = 5.0
FRAME_BYTES_MAX = 16 * 1024 * 1024
logger = logging.getLogger(__name__)

Connection = aiohttp.ClientWebSocketResponse


class Refused(Exception):
    """The control plane does not want this link; asking again at once would not help."""


async def connect(
    control_plane: ControlPlane, endpoint: str, query: dict[str, str], path: str = "/ws"
) -> Connection:
    pairs = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items())
    )
    url = f"{endpoint.rstrip('/')}{path}?{pairs}"
    headers = control_plane.sign("ecs", ("GET", url, b""), {})
    try:
        return await control_plane.session.ws_connect(
            URL(url, encoded=True), headers=headers, max_msg_size=FRAME_BYTES_MAX, compress=0
        )
    except aiohttp.WSServerHandshakeError as error:
        if error.status >= 500:
            raise Unreachable(f"the control plane answered {error.status} to a websocket") from error
        raise Refused(f"the control plane refused the websocket: {error.status} {error.message}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable(f"the control plane does not answer: {error}") from error


async def keep_connected(
    name: str, once: Callable[[], Awaitable[None]], refused: Callable[[], Awaitable[None]]
) -> None:
    """Run one connection after the other for ever. After a refusal, `refused` may mend what was wrong."""
    loop = asyncio.get_running_loop()
    pause_s = RECONNECT_S_FIRST
    while True:
        began = loop.time()
        longest_s = RECONNECT_S_MAX
        try:
            await once()
            logger.info("%s: the link ended", name)
        except Refused as error:
            logger.warning("%s: %s", name, error)
            longest_s = REFUSED_S_MAX
            await _mend(name, refused)
        except (Unreachable, CallError, TimeoutError, aiohttp.ClientError) as error:
            logger.info("%s: the link broke: %r", name, error)
        if loop.time() - began > SETTLED_S:
            pause_s = RECONNECT_S_FIRST
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * RECONNECT_FACTOR, longest_s)


async def _mend(name: str, refused: Callable[[], Awaitable[None]]) -> None:
    try:
        await refused()
    except (CallError, Unreachable) as error:
        logger.warning("%s: %s", name, error)
