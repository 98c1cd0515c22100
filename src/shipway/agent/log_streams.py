"""Containers' lines on their way to CloudWatch Logs: one follower a container, batches of a tenth of a
second. What is an event, `log_events` says.

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
from shipway.agent.log_events import EventJoiner, LogEvent

BATCH_S = 0.1
MULTILINE_S = 1.0  # an event whose next line does not come for so long is over
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
        events: asyncio.Queue[LogEvent | None] = asyncio.Queue(BATCH_EVENTS_MAX)
        loop = asyncio.get_running_loop()
        reader = loop.create_task(self._read(runtime_id, since_ns, lines))
        joining = loop.create_task(_join(lines, events, EventJoiner(destination.first_line)))
        try:
            async for batch in _batches(events):
                await self._put(destination, batch)
                note.write_text(str(max(event.last_ns for event in batch)))
            await reader
        finally:
            reader.cancel()
            joining.cancel()

    def forget(self, runtime_id: str) -> None:
        (self._folder / f"{runtime_id}.shipped").unlink(missing_ok=True)

    async def _read(self, runtime_id: str, since_ns: int, lines: asyncio.Queue[LogLine | None]) -> None:
        try:
            async for line in self._engine.logs(runtime_id, since_ns):
                await lines.put(line)
        finally:
            await lines.put(None)

    async def _put(self, destination: LogDestination, batch: list[LogEvent]) -> None:
        events = [{"timestamp": event.timestamp_ns // 1_000_000, "message": event.text} for event in batch]
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


async def _join(
    lines: asyncio.Queue[LogLine | None], events: asyncio.Queue[LogEvent | None], joiner: EventJoiner
) -> None:
    line: LogLine | None
    while True:
        try:
            async with asyncio.timeout(MULTILINE_S if joiner.open else None):
                line = await lines.get()
        except TimeoutError:
            ended = joiner.take()
        else:
            ended = joiner.take() if line is None else joiner.add(line)
            if line is None:
                break
        if ended is not None:
            await events.put(ended)
    if ended is not None:
        await events.put(ended)
    await events.put(None)


async def _batches(events: asyncio.Queue[LogEvent | None]) -> AsyncIterator[list[LogEvent]]:
    """What has come within a tenth of a second of the first event, in the order of time, until they end."""
    loop = asyncio.get_running_loop()
    event = await events.get()
    while event is not None:
        batch, size = [event], _size(event)
        deadline = loop.time() + BATCH_S
        while len(batch) < BATCH_EVENTS_MAX and size < BATCH_BYTES_MAX:
            try:
                async with asyncio.timeout_at(deadline):
                    event = await events.get()
            except TimeoutError:
                break
            if event is None:
                break
            batch.append(event)
            size += _size(event)
        yield sorted(batch, key=lambda each: each.timestamp_ns)
        if event is not None:
            event = await events.get()


def _size(event: LogEvent) -> int:
    return len(event.text.encode()) + EVENT_OVERHEAD_BYTES
