"""The front door as a part: uvicorn, in this process, on a socket of our own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from shipway.api.app import OWN_PATH, ASGIApp, Receive, Scope, Send
from shipway.local.errors import LocalError
from shipway.local.ports import free_pair_after, port_holder
from shipway.local.settings import ADDRESS
from shipway.local.whole_answers import WholeAnswersProtocol

BACKLOG = 1024
KEEP_ALIVE_S = 75
SHUTDOWN_GRACE_S = 2
ANSWERS_LIMIT_S = 10
FRAME_BYTES_MAX = 16 * 1024 * 1024
RESET_PATH = OWN_PATH + "reset"

logger = logging.getLogger(__name__)


class Doorway:
    """What the front door leads to. While nothing is behind it requests wait."""

    def __init__(self) -> None:
        self._application: ASGIApp | None = None
        self._inside = 0
        self._open = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def lead_to(self, application: ASGIApp) -> None:
        self._application = application
        self._open.set()

    async def close(self) -> None:
        """Returns when the requests that had gone in are answered: what they do is done before."""
        self._open.clear()
        try:
            async with asyncio.timeout(ANSWERS_LIMIT_S):
                await self._empty.wait()
        except TimeoutError:
            logger.warning("%d requests were not answered within %d s.", self._inside, ANSWERS_LIMIT_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._open.wait()
        assert self._application is not None, "open, and nothing behind"
        if scope["type"] != "http" or scope["path"] == RESET_PATH:  # whoever closes cannot wait for itself
            await self._application(scope, receive, send)
            return
        self._inside += 1
        self._empty.clear()
        try:
            await self._application(scope, receive, send)
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers, and with a word when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals are the control plane's

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


class FrontDoor:
    name = "front door"

    def __init__(self, application: Any, port: int) -> None:
        self._application = application
        self._port = port
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        listening = listen(self._port)
        config = uvicorn.Config(
            self._application,
            http=WholeAnswersProtocol,
            proxy_headers=False,  # only loopback is served: nobody speaks for another address
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
            ws_max_size=FRAME_BYTES_MAX,
            ws_ping_interval=None,  # the agent protocol has heartbeats of its own
        )
        config.load()
        self._server = Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]), name="front door")
        await self._server.serving.wait()

    async def stop(self) -> None:
        if self._server and self._task:
            self._server.should_exit = True
            await asyncio.gather(self._task, return_exceptions=True)

    async def died(self) -> str:
        assert self._task, "the front door was not started"
        done, _ = await asyncio.wait([self._task])
        error = done.pop().exception()
        return f"The front door ended: {error!r}"


def listen(port: int) -> socket.socket:
    """A listening socket on loopback, or the sentence of who has the port and which one is free."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
    except OSError as error:
        listening.close()
        raise port_taken(port, error) from error
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening


def port_taken(port: int, error: OSError | None = None) -> LocalError:
    holder = port_holder(port)
    why = f"is taken by {holder}" if holder else f"cannot be opened ({error.strerror if error else 'taken'})"
    return LocalError(
        f"Port {port} on {ADDRESS} {why}. "
        f"End that program, or choose another port: `shipway local up --port {free_pair_after(port)}`."
    )
