"""The channel over which an agent hears of sessions, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from shipway.agent.configuration import Configuration, Credentials
from shipway.agent.control_plane import ControlPlane
from shipway.agent.engine import Process
from shipway.agent.exec_channel import ExecChannel
from shipway.agent.task_state import RUNNING, ContainerState
from shipway.data_channel.frames import BYTES, HANDSHAKE_RESPONSE, INPUT
from shipway.data_channel.stream import Stream
from shipway.seams import SeededIds, SystemClock
from tests.agent.builders import a_task, task_arn
from tests.agent.shells import Shell

DEADLINE_S = 10
ID = "00112233-4455-6677-8899-aabbccddeeff"


class Door:
    """The control plane's, and the client's end of every session."""

    def __init__(self) -> None:
        self.url = ""
        self.channels: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.streams: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.over = asyncio.Event()

    async def channel(self, request: web.Request) -> web.WebSocketResponse:
        return await self._hold(request, self.channels)

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        return await self._hold(request, self.streams)

    async def _hold(
        self, request: web.Request, known: asyncio.Queue[web.WebSocketResponse]
    ) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        known.put_nowait(websocket)
        await self.over.wait()
        return websocket


class Client:
    """Types, and hears what the process says to it; None when the session is over."""

    def __init__(self, websocket: web.WebSocketResponse) -> None:
        self._websocket = websocket
        self._stream = Stream(INPUT)

    async def agree(self) -> None:
        await self._send(HANDSHAKE_RESPONSE, b"{}")

    async def answer(self, typed: bytes) -> bytes | None:
        await self._send(BYTES, typed)
        return await self.heard()

    async def heard(self) -> bytes | None:
        while (message := await self._websocket.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            if message.type is WSMsgType.TEXT:
                continue  # the token
            frames, answers = self._stream.received(message.data, 0, ID)
            for answer in answers:
                await self._websocket.send_bytes(answer)
            for frame in frames:
                if frame.payload_type == BYTES:
                    return frame.payload
        return None

    async def _send(self, payload_type: int, payload: bytes) -> None:
        await self._websocket.send_bytes(self._stream.data(payload_type, payload, 0, ID))


class Terminals:
    """A shell; `break` cannot be run for a reason that nobody thought of."""

    async def execute(self, runtime_id: str, command: list[str]) -> Process:
        if command == ["break"]:
            raise RuntimeError("of all things")
        return Shell()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    application = web.Application()
    application.add_routes(
        [web.get("/v1/control-channel", door.channel), web.get("/v1/data-channel", door.stream)]
    )
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield door
    door.over.set()
    await runner.cleanup()


@pytest.fixture
async def agent(door: Door) -> AsyncIterator[asyncio.Task[None]]:
    """With one task, whose container runs."""
    task = a_task().with_container(ContainerState(name="web", phase=RUNNING, runtime_id="r-1"))
    configuration = Configuration(
        control_plane_url=door.url,
        cluster="default",
        data_folder=Path("/nowhere"),
        credentials=Credentials("AKIA", "secret"),
    )
    control_plane = ControlPlane(configuration, SystemClock())
    channel = ExecChannel(control_plane, {task_arn(): task}, Terminals(), SystemClock(), SeededIds("agent"))
    channel.wanted.set()
    running = asyncio.create_task(channel.run(door.url, lambda: "arn:instance"))
    yield running
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await control_plane.close()


async def begun(door: Door, channel: web.WebSocketResponse, command: str) -> Client:
    told: dict[str, Any] = {
        "streamUrl": f"{door.url}/v1/data-channel",
        "tokenValue": "t",
        "taskArn": task_arn(),
        "containerName": "web",
        "command": command,
    }
    await channel.send_json(told)
    client = Client(await door.streams.get())
    await client.agree()
    return client


async def test_a_session_that_breaks_harms_no_other(door: Door, agent: asyncio.Task[None]) -> None:
    """Whatever it broke by: its client sees the end, and the others go on."""
    async with asyncio.timeout(DEADLINE_S):
        channel = await door.channels.get()
        shell = await begun(door, channel, "sh")
        assert await shell.answer(b"hello") == b"HELLO"
        broken = await begun(door, channel, "break")
        assert await broken.heard() is None
        another = await begun(door, channel, "sh")
        assert await another.answer(b"hi") == b"HI"
        assert await shell.answer(b"still here") == b"STILL HERE"
    assert not agent.done()


async def test_a_session_outlives_the_channel_that_told_of_it(door: Door, agent: asyncio.Task[None]) -> None:
    """Another channel is opened meanwhile, so that there can be more sessions."""
    async with asyncio.timeout(DEADLINE_S):
        channel = await door.channels.get()
        shell = await begun(door, channel, "sh")
        assert await shell.answer(b"hello") == b"HELLO"
        await channel.close()
        another = await begun(door, await door.channels.get(), "sh")
        assert await another.answer(b"hi") == b"HI"
        assert await shell.answer(b"still here") == b"STILL HERE"
