"""One session into a container, the agent's end: handshake, then bytes both ways, then the exit code."""

from __future__ import annotations

import asyncio
import json
import logging

import aiohttp

from shipway.agent.engine import Process
from shipway.agent.session import Connection
from shipway.data_channel.frames import (
    BYTES,
    CHANNEL_CLOSED,
    CONNECTION_FAILED,
    DISCONNECT_FROM_PORT,
    EXIT_CODE,
    FLAG,
    HANDSHAKE_COMPLETE,
    HANDSHAKE_REQUEST,
    HANDSHAKE_RESPONSE,
    OUTPUT,
    SIZE,
    TERMINATE,
    Frame,
    FrameError,
    encode,
)
from shipway.data_channel.stream import Stream
from shipway.seams import Clock, Ids

CHUNK_BYTES = 4096
HANDSHAKE_S_MAX = 30.0
CLOSE_S_MAX = 10.0
RESEND_LOOK_S = 1.0
AGENT_VERSION = "3.3.0.0"
# From 3.0.196 on Amazon's own client multiplexes a port's connections; here each has a session.
PORT_AGENT_VERSION = "3.0.161.0"
STANDARD_STREAM = {"SessionType": "Standard_Stream", "Properties": {}}
ENDS = (TERMINATE, DISCONNECT_FROM_PORT)
logger = logging.getLogger(__name__)


class ExecSession:
    def __init__(self, connection: Connection, clock: Clock, ids: Ids, port: int = 0) -> None:
        """With a port the bytes are those of a connection to it."""
        self._port = port
        self._connection = connection
        self._clock = clock
        self._ids = ids
        self._stream = Stream(OUTPUT)
        self._answered = asyncio.Event()
        self._process: Process | None = None
        self._ready = asyncio.Event()

    async def shake_hands(self) -> asyncio.Task[None]:
        """Done when the client is there and has agreed; what it sends is read from now on."""
        reading = asyncio.create_task(self._read())
        of_port = {"SessionType": "Port", "Properties": {"portNumber": str(self._port)}}
        action = {"ActionType": "SessionType", "ActionParameters": of_port if self._port else STANDARD_STREAM}
        version = PORT_AGENT_VERSION if self._port else AGENT_VERSION
        request = {"AgentVersion": version, "RequestedClientActions": [action]}
        began_ms = self._clock.now_ms()
        await self._send(HANDSHAKE_REQUEST, json.dumps(request).encode())
        answered = asyncio.create_task(self._answered.wait())
        await asyncio.wait([answered, reading], timeout=HANDSHAKE_S_MAX, return_when=asyncio.FIRST_COMPLETED)
        answered.cancel()
        if not self._answered.is_set():
            reading.cancel()
            raise TimeoutError("the client did not answer the handshake")
        took_ns = (self._clock.now_ms() - began_ms) * 1_000_000
        done = {"HandshakeTimeToComplete": took_ns, "CustomerMessage": ""}
        await self._send(HANDSHAKE_COMPLETE, json.dumps(done).encode())
        return reading

    async def run(self, process: Process, reading: asyncio.Task[None]) -> None:
        """Until the process ends or the client goes; then no process is left, whatever ended it."""
        self._process = process
        self._ready.set()
        writing = asyncio.create_task(self._write(process))
        resending = asyncio.create_task(self._resend())
        over = False
        try:
            try:
                await asyncio.wait([reading, writing], return_when=asyncio.FIRST_COMPLETED)
                over = _is_done(writing)  # if it failed, the process is still there
            finally:
                code = await process.end(ended=over)
            if over:
                await self.close("", code)
                # The client closes when it has everything; closing first would cut off what is on its way.
                await asyncio.wait([reading], timeout=CLOSE_S_MAX)
        finally:
            await _cancelled(reading, writing, resending)

    async def refuse(self, said: str, reading: asyncio.Task[None]) -> None:
        """The command could not be started, the port not be reached."""
        self._ready.set()
        if self._port:
            await self._send(FLAG, CONNECTION_FAILED.to_bytes(4, "big"))
        await self.close(said)
        await asyncio.wait([reading], timeout=CLOSE_S_MAX)
        reading.cancel()

    async def close(self, said: str, exit_code: int | None = None) -> None:
        """Tells how it ended."""
        message_id = self._ids.uuid()
        closed = {
            "MessageId": message_id,
            "SchemaVersion": 1,
            "MessageType": CHANNEL_CLOSED,
            "Output": said,
        }
        frame = Frame(
            message_type=CHANNEL_CLOSED,
            sequence=0,
            payload=json.dumps(closed).encode(),
            message_id=message_id,
            created_ms=self._clock.now_ms(),
        )
        if exit_code is not None:
            await self._send(EXIT_CODE, str(exit_code).encode())
        await self._connection.send_bytes(encode(frame))

    async def _send(self, payload_type: int, payload: bytes) -> None:
        frame = self._stream.data(payload_type, payload, self._clock.now_ms(), self._ids.uuid())
        await self._connection.send_bytes(frame)

    async def _write(self, process: Process) -> None:
        while data := await process.read():
            for start in range(0, len(data), CHUNK_BYTES):
                await self._send(BYTES, data[start : start + CHUNK_BYTES])

    async def _resend(self) -> None:
        while True:
            await asyncio.sleep(RESEND_LOOK_S)
            for frame in self._stream.overdue(self._clock.now_ms()):
                await self._connection.send_bytes(frame)

    async def _read(self) -> None:
        async for message in self._connection:
            if message.type is not aiohttp.WSMsgType.BINARY:
                continue
            try:
                frames, answers = self._stream.received(message.data, self._clock.now_ms(), self._ids.uuid())
            except FrameError as error:
                logger.warning("a session's frame was dropped: %s", error)
                continue
            for answer in answers:
                await self._connection.send_bytes(answer)
            for frame in frames:
                if await self._heard(frame):
                    return

    async def _heard(self, frame: Frame) -> bool:
        """Whether the client has said that this is the end."""
        if frame.payload_type == HANDSHAKE_RESPONSE:
            self._answered.set()
        elif frame.payload_type == FLAG:
            return int.from_bytes(frame.payload[:4], "big") in ENDS
        elif frame.payload_type in (BYTES, SIZE):
            await self._ready.wait()
            if self._process is None:
                return False
            if frame.payload_type == BYTES:
                await self._process.write(frame.payload)
            else:
                size = frame.document
                await self._process.resize(int(size.get("cols") or 80), int(size.get("rows") or 24))
        return False


def _is_done(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, aiohttp.ClientError | ConnectionError):
            logger.error("a session broke", exc_info=outcome)
