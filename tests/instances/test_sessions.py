"""Sessions into containers, from both ends: the agent's own and the deploy tool's, over the real door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from threading import Event
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_sync

from shipway.agent.exec_session import ExecSession
from shipway.data_channel.frames import BYTES, HANDSHAKE_RESPONSE, INPUT
from shipway.data_channel.stream import Stream
from shipway.deploy.edge.data_channel import DataChannel, SessionEnd, hold_session
from shipway.instances.sessions import SESSIONS_MAX, Sessions
from shipway.seams import SeededIds, SystemClock
from tests.agent.shells import Chatty, Shell
from tests.instances.agent_client import DEADLINE_S, SECRET_ACCESS_KEY, upgrade_headers
from tests.instances.builders import INSTANCE
from tests.instances.conftest import Door

WHAT = {"taskArn": "arn:task", "containerName": "web", "command": "/bin/sh"}
ID = "00112233-4455-6677-8899-aabbccddeeff"


class Typing:
    """A console: types each line once the last one was answered."""

    def __init__(self, *lines: bytes) -> None:
        self.lines = list(lines)
        self.heard = b""

    def read(self) -> bytes:
        return self.lines.pop(0) if self.lines else b""

    def write(self, data: bytes) -> None:
        self.heard += data

    def size(self) -> tuple[int, int] | None:
        return 120, 40


class Dialled(Typing):
    """A connection: it has no size, and ends when what it said was answered."""

    def __init__(self, *lines: bytes) -> None:
        super().__init__(*lines)
        self.answered = Event()

    def read(self) -> bytes:
        if not self.lines:
            self.answered.wait(DEADLINE_S)
        return super().read()

    def write(self, data: bytes) -> None:
        super().write(data)
        self.answered.set()

    def size(self) -> tuple[int, int] | None:
        return None


@asynccontextmanager
async def agent_channel(door: Door, key: str = SECRET_ACCESS_KEY) -> AsyncIterator[Any]:
    path = f"127.0.0.1:{door.port}/v1/control-channel?{urlencode({'containerInstanceArn': INSTANCE})}"
    headers = upgrade_headers(f"http://{path}", key)
    async with connect(f"ws://{path}", additional_headers=headers, max_queue=None) as connection:
        yield connection


async def opened(door: Door) -> dict[str, str]:
    """Once the agent's channel is known to the door."""
    session = await until(door, lambda answer: answer is not None)
    assert session is not None
    return session


async def until(door: Door, is_so: Callable[[dict[str, str] | None], bool]) -> dict[str, str] | None:
    """Asks for a session, turn by turn of the event loop, until the answer is as it should be."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            answer = await door.instances.sessions.open(INSTANCE, WHAT)
            if is_so(answer):
                return answer
            await asyncio.sleep(0)


def here(door: Door, url: str) -> str:
    parts = urlsplit(url)
    return f"ws://127.0.0.1:{door.port}{parts.path}?{parts.query}"


async def serve(door: Door, told: dict[str, Any], shell: Shell | None, port: int = 0) -> None:
    """What an agent does with a session that it is told of."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(here(door, told["streamUrl"])) as connection,
    ):
        await connection.send_str(json.dumps({"TokenValue": told["tokenValue"]}))
        session = ExecSession(connection, SystemClock(), SeededIds("agent"), port)
        reading = await session.shake_hands()
        if shell is None:
            await session.refuse("no", reading)
        else:
            await session.run(shell, reading)


def hold(door: Door, session: dict[str, str], console: Typing) -> SessionEnd:
    with connect_sync(here(door, session["streamUrl"])) as websocket:
        return DataChannel(websocket, console).hold(session["tokenValue"])


async def test_a_session_from_end_to_end(door: Door) -> None:
    """Handshake, keys, a long answer, the window's size, the exit code; afterwards nobody can join it."""
    async with agent_channel(door) as channel:
        session = await opened(door)
        told = json.loads(await channel.recv())
        assert {name: told[name] for name in WHAT} == WHAT
        shell, console = Shell(), Typing(b"hello ", b"world ", b"exit 7")
        held, _ = await asyncio.gather(
            asyncio.to_thread(hold, door, session, console), serve(door, told, shell)
        )
        with pytest.raises(InvalidStatus, match="403"):
            await connect(here(door, session["streamUrl"]))
    assert held == SessionEnd(7, "")
    assert console.heard == b"HELLO WORLD " + b"x" * 20_000 + b"bye"
    assert shell.sizes == [(120, 40)]


async def test_a_port_is_a_session_without_a_terminal(door: Door) -> None:
    """The client's end ends it; no size is told, and what it was told of the port is Systems Manager's."""
    async with agent_channel(door) as channel:
        session = await opened(door)
        told = json.loads(await channel.recv())
        shell, console = Shell(), Dialled(b"hello")
        held, _ = await asyncio.gather(
            asyncio.to_thread(hold, door, session, console), serve(door, told, shell, port=80)
        )
    assert (held, console.heard, shell.sizes) == (SessionEnd(None), b"HELLO", [])
    assert shell.hung_up.is_set()


async def test_a_port_where_nobody_answers_ends_the_session(door: Door) -> None:
    """The client is told by a flag."""
    async with agent_channel(door) as channel:
        session = await opened(door)
        told = json.loads(await channel.recv())
        held, _ = await asyncio.gather(
            asyncio.to_thread(hold, door, session, Dialled()), serve(door, told, None, port=80)
        )
    assert held == SessionEnd(None, "nothing answers at that port in the container")


async def test_a_proxy_is_not_asked_for_this_machine(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one is set for the world outside, a session of local ECS must not go by it."""
    async with agent_channel(door) as channel:
        session = await opened(door)
        told = json.loads(await channel.recv())
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        joined = {**session, "streamUrl": here(door, session["streamUrl"])}
        held, _ = await asyncio.gather(
            asyncio.to_thread(hold_session, joined, Typing(b"exit 0")), serve(door, told, Shell())
        )
    assert held.exit_code == 0


@asynccontextmanager
async def joined(door: Door, session: dict[str, str]) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
    """A client that types `hello` and in the end is killed; what it is given hears the process."""
    stream = Stream(INPUT)
    async with connect(here(door, session["streamUrl"])) as client:
        await client.send(json.dumps({"TokenValue": session["tokenValue"]}))
        await client.send(stream.data(HANDSHAKE_RESPONSE, b"{}", 0, ID))
        await client.send(stream.data(BYTES, b"hello", 0, ID))

        async def heard() -> bytes:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    data = await client.recv()
                    assert isinstance(data, bytes)
                    frames, answers = stream.received(data, 0, ID)
                    for answer in answers:
                        await client.send(answer)
                    for frame in frames:
                        if frame.payload_type == BYTES:
                            return frame.payload

        yield heard
        client.transport.abort()


@pytest.mark.parametrize("kind", [Shell, Chatty])
async def test_a_client_that_goes_is_hung_up_on(door: Door, kind: type[Shell]) -> None:
    """Its process does not stay behind, whether it waits for keys or talks all the time."""
    async with agent_channel(door) as channel:
        session = await opened(door)
        told = json.loads(await channel.recv())
        shell = kind()
        serving = asyncio.create_task(serve(door, told, shell))
        async with joined(door, session) as heard:
            assert await heard()
        async with asyncio.timeout(DEADLINE_S):
            await shell.hung_up.wait()
            await asyncio.gather(serving, return_exceptions=True)


async def test_an_agent_that_ends_hangs_up(door: Door) -> None:
    """Nobody else could."""
    async with agent_channel(door) as channel:
        session = await opened(door)
        told = json.loads(await channel.recv())
        shell = Shell()
        serving = asyncio.create_task(serve(door, told, shell))
        async with joined(door, session) as heard:
            await heard()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    assert shell.hung_up.is_set()


async def test_a_wrong_token_joins_nothing(door: Door) -> None:
    """Nor does a session that nobody opened, nor a second client."""
    async with agent_channel(door):
        session = await opened(door)
        for guess in ("guessed", "erra\u00f0"):
            async with connect(here(door, session["streamUrl"])) as stranger:
                await stranger.send(json.dumps({"TokenValue": guess}))
                with pytest.raises(ConnectionClosed, match="token is not this session's"):
                    await stranger.recv()
        async with connect(here(door, session["streamUrl"])) as client:
            await client.send(json.dumps({"TokenValue": session["tokenValue"]}))
            unknown = session["streamUrl"].replace(session["sessionId"], "another")
            with pytest.raises(InvalidStatus, match="403"):
                await connect(here(door, unknown))


async def test_sessions_are_bounded_and_those_that_nobody_joins_forgotten(door: Door) -> None:
    """Who opens too many at once has to wait until the first are given up."""
    async with agent_channel(door):
        await opened(door)
        for _ in range(SESSIONS_MAX - 1):
            assert await door.instances.sessions.open(INSTANCE, WHAT) is not None
        assert await door.instances.sessions.open(INSTANCE, WHAT) is None
    door.instances.sessions = Sessions(SeededIds("sessions"), "http://127.0.0.1:1", begin_within_s=0)
    async with agent_channel(door):
        await opened(door)
        for _ in range(SESSIONS_MAX):
            assert await opened(door)


async def test_a_channel_must_be_signed(door: Door) -> None:
    """Only an agent of this installation hears of sessions."""
    with pytest.raises(InvalidStatus, match="403"):
        async with agent_channel(door, "another key"):
            pass
    assert await door.instances.sessions.open(INSTANCE, WHAT) is None


async def test_an_agent_that_is_gone_can_have_no_session(door: Door) -> None:
    """The caller is told so, and nothing is kept."""
    async with agent_channel(door):
        await opened(door)
    assert await until(door, lambda answer: answer is None) is None
