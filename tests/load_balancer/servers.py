"""Small HTTP servers to stand behind a load balancer, and a client that counts what it gets."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType

import aiohttp
from aiohttp import web

DEADLINE_S = 20.0


class TargetServer:
    """Answers with its own name. `status` is what its health check gets, after `check_takes_s`; slow requests
    wait for `go_on`.
    """

    def __init__(self, name: str, status: int = 200, check_takes_s: float = 0) -> None:
        self.name = name
        self.status = status
        self.check_takes_s = check_takes_s
        self.port = 0
        self.requests = 0
        self.checks = 0
        self.slow_started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.headers: dict[str, str] = {}
        self._runner: web.AppRunner | None = None

    async def _answer(self, request: web.Request) -> web.Response:
        if request.headers.get("User-Agent") == "ELB-HealthChecker/2.0":
            self.checks += 1
            await asyncio.sleep(self.check_takes_s)
            return web.Response(status=self.status)
        self.requests += 1
        self.headers = dict(request.headers)
        if request.path == "/slow":
            self.slow_started.set()
            await self.go_on.wait()
        return web.Response(text=self.name)

    async def __aenter__(self) -> TargetServer:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


async def fetch(port: int, path: str = "/", name: str | None = None) -> tuple[int, str]:
    """One request on a connection of its own: status and body. 0 when it failed."""
    headers = {"Host": name} if name else {}
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(
                f"http://127.0.0.1:{port}{path}", headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientError as error:
            return 0, str(error)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(what: str, seen: Callable[[], Awaitable[bool]]) -> None:
    """Returns as soon as it is seen; fails with `what` at the deadline."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                if await seen():
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not seen within {DEADLINE_S} s: {what}") from None


@asynccontextmanager
async def load(port: int, rate_per_s: int = 50) -> AsyncIterator[Counter[tuple[int, str]]]:
    """Requests at a steady rate for as long as the block lasts; counts of (status, body)."""
    counts: Counter[tuple[int, str]] = Counter()
    flying: set[asyncio.Task[None]] = set()

    async def one() -> None:
        counts[await fetch(port)] += 1

    async def fire() -> None:
        while True:
            flying.add(task := asyncio.create_task(one()))
            task.add_done_callback(flying.discard)
            await asyncio.sleep(1 / rate_per_s)

    firing = asyncio.create_task(fire())
    try:
        yield counts
    finally:
        firing.cancel()
        await asyncio.gather(*flying)
