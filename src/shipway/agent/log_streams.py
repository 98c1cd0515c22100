"""Containers' lines on their way to CloudWatch Logs: one follower a container, batches of a tenth of a
second.

Docker keeps the lines (json-file, rotated), so what has not been shipped yet survives the agent. The
moment of the last line shipped is kept in a small file per container; after a restart the follower goes
on behind it. A batch may be shipped twice when the agent is killed between the call and the note; none
is left out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from shipway.agent.control_plane import CallError, ControlPlane, Unreachable
from shipway.agent.engine import Engine, EngineError, LogLine
from shipway.agent.log_destination import LogDestination

BATCH_S = 0.1
BATCH_EVENTS_MAX = 5_000
BATCH_BYTES_MAX = 700_000  # well under the service's 1,048,576 and a front door's limit of a request
EVENT_OVERHEAD_BYTES = 26
RETRY_S_FIRST, RETRY_S_MAX = 0.2, 5.0
logger = logging.getLogger(__name__)


class LogStreams:
    def __init__(self, engine: Engine, control_plane: ControlPlane, folder: Path) -> None:
        self._engine = engine
        self._control_plane = control_plane
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def open(self, destination: LogDestination) -> None:
        """Make the stream (and its group, where asked for). Raises EngineError in the words of Docker's
        own driver.
        """
        try:
            if destination.create_group:
                await self._make("CreateLogGroup", {"logGroupName": destination.group})
            stream = {"logGroupName": destination.group, "logStreamName": destination.stream}
            await self._make("CreateLogStream", stream)
        except Unreachable as error:
            raise EngineError(f"failed to initialize logging driver: {error}", retry=True) from error
        except CallError as error:
            text = f"failed to initialize logging driver: failed to create Cloudwatch log stream: {error}"
            raise EngineError(f"Error response from daemon: {text}", retry=error.passing) from error

    async def _make(self, operation: str, request: dict[str, Any]) -> None:
        try:
            await self._control_plane.call("logs", operation, request)
        except CallError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise

    async def follow(self, runtime_id: str, destination: LogDestination) -> None:
        """Ship everything the container writes, until it has ended and all of it is shipped."""
        note = self._folder / f"{runtime_id}.shipped"
        since_ns = int(note.read_text() or 0) if note.exists() else 0
        lines: asyncio.Queue[LogLine | None] = asyncio.Queue(BATCH_EVENTS_MAX)
        reader = asyncio.get_running_loop().create_task(self._read(runtime_id, since_ns, lines))
        try:
            async for batch in _batches(lines):
                await self._put(destination, batch)
                note.write_text(str(batch[-1].timestamp_ns))
            await reader
        finally:
            reader.cancel()

    def forget(self, runtime_id: str) -> None:
        (self._folder / f"{runtime_id}.shipped").unlink(missing_ok=True)

    async def _read(self, runtime_id: str, since_ns: int, lines: asyncio.Queue[LogLine | None]) -> None:
        try:
            async for line in self._engine.logs(runtime_id, since_ns):
                await lines.put(line)
        finally:
            await lines.put(None)

    async def _put(self, destination: LogDestination, batch: list[LogLine]) -> None:
        events = [{"timestamp": line.timestamp_ns // 1_000_000, "message": line.text} for line in batch]
        request = {
            "logGroupName": destination.group,
            "logStreamName": destination.stream,
            "logEvents": events,
        }
        pause_s = RETRY_S_FIRST
        while True:
            try:
                await self._control_plane.call("logs", "PutLogEvents", request)
                return
            except Unreachable as error:
                logger.info("%d lines of %s wait: %s", len(batch), destination.stream, error)
            except CallError as error:
                if error.code == "ResourceNotFoundException" and await self._made_again(destination):
                    continue
                if not error.passing:
                    logger.warning("%d lines of %s are lost: %s", len(batch), destination.stream, error)
                    return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_S_MAX)

    async def _made_again(self, destination: LogDestination) -> bool:
        """Somebody deleted the stream while it was written to."""
        try:
            await self.open(destination)
        except EngineError:
            return False
        return True


async def _batches(lines: asyncio.Queue[LogLine | None]) -> AsyncIterator[list[LogLine]]:
    """What has come within a tenth of a second of the first line, in the order of time, until the lines
    end.
    """
    loop = asyncio.get_running_loop()
    line = await lines.get()
    while line is not None:
        batch, size = [line], _size(line)
        deadline = loop.time() + BATCH_S
        while len(batch) < BATCH_EVENTS_MAX and size < BATCH_BYTES_MAX:
            try:
                async with asyncio.timeout_at(deadline):
                    line = await lines.get()
            except TimeoutError:
                break
            if line is None:
                break
            batch.append(line)
            size += _size(line)
        yield sorted(batch, key=lambda each: each.timestamp_ns)
        if line is not None:
            line = await lines.get()


def _size(line: LogLine) -> int:
    return len(line.text.encode()) + EVENT_OVERHEAD_BYTES
