"""A simulated world behind the real front door, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec
import uvicorn
from uvicorn.server import ServerState

import shipway
from shipway.api.app import ASGIApp, Receive, Scope, Send, build_app
from shipway.api.call import Settings
from shipway.api.code_deploy import CodeDeploy
from shipway.api.signature import Credential
from shipway.local.desired_instances import InstanceSettings
from shipway.local.front_door import listen
from shipway.local.whole_answers import WholeAnswersProtocol
from shipway.model.snapshot import Timing
from shipway.seams import RandomIds, SystemClock
from shipway.simulator.chance import Chance
from shipway.simulator.clock import VirtualClock
from shipway.simulator.world import Surface, World
from shipway.testing.lent_instances import LentInstances
from shipway.testing.stepped_loop import SteppedLoop

T = TypeVar("T")
PATIENCE_S = 60.0
FOR_EVER_S = 10**9
CALLER = "arn:aws:iam::000000000000:user/testing"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the world is to be."""

    instances: InstanceSettings
    frozen: bool
    timing: Timing
    credential: Credential


class NeverAtRest(Exception):
    """Something goes on and on at one moment, or waits for what does not come."""


class ServedWorld:
    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.stepped = SteppedLoop() if wanted.frozen else None
        self.loop: asyncio.AbstractEventLoop = self.stepped or asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name="shipway.testing", daemon=True)
        self._thread.start()
        self._connections = ServerState()
        self._server: asyncio.Server
        self.world: World
        self.endpoint_url = self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it there, and waits for its result here."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(PATIENCE_S)
        except TimeoutError as error:
            if future.done():
                raise
            raise NeverAtRest(f"No rest within {PATIENCE_S:.0f} s of real time.") from error

    async def at_rest(self) -> None:
        if self.stepped is not None:
            await self.stepped.at_rest()

    def close(self) -> None:
        self.run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _open(self) -> str:
        wanted, listening = self._wanted, listen(0)
        address, port = listening.getsockname()
        endpoint_url = f"http://{address}:{port}"
        settings = Settings(
            region=wanted.instances.region,
            endpoint=endpoint_url,
            version=shipway.__version__,
            timing=wanted.timing,
            simulated=True,
        )
        start_ms = round((time.time() - self.loop.time()) * 1000)
        clock = VirtualClock(self.loop, start_ms)
        surface = Surface(settings=settings, timing=wanted.timing)
        world = self.world = World(clock, RandomIds(), Chance(0), surface)
        await world.start()
        LentInstances(world, wanted.instances)
        await self.at_rest()
        protocol = protocol_of(self._application(), self._connections)
        self._server = await self.loop.create_server(protocol, sock=listening)
        return endpoint_url

    def _application(self) -> ASGIApp:
        assert self.world.control_plane is not None
        keys = {self._wanted.credential.access_key_id: self._wanted.credential}
        context = dataclasses.replace(
            self.world.control_plane.context, credentials=keys.get, signing_clock=SystemClock()
        )
        code_deploy = CodeDeploy(context.settings)
        context.store.subscribe(code_deploy.show)

        def heard(service: str) -> None:
            if service == "codedeploy":
                code_deploy.begin_new(context.call(CALLER))

        front_door = build_app(dataclasses.replace(context, heard=heard))

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            """An answer goes out when all that it set off has happened."""

            async def send_at_rest(message: Any) -> None:
                if message["type"] == "http.response.start":
                    await self.at_rest()
                await send(message)

            await front_door(scope, receive, send_at_rest)

        return application

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self._connections.connections):
            connection.shutdown()
        await self.world.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # transports end in the loop's next turn


def protocol_of(application: ASGIApp, state: ServerState) -> Any:
    """uvicorn's HTTP without its server, whose own timers would be lived through second by second."""
    config = uvicorn.Config(
        application,
        http=WholeAnswersProtocol,
        ws="none",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=FOR_EVER_S,
    )
    config.load()
    return lambda: WholeAnswersProtocol(config=config, server_state=state, app_state={})
