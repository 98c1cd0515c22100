"""A connection to a container's port, as the other end of a session: bytes both ways, no terminal."""

from __future__ import annotations

import asyncio
import logging

from shipway.agent.engine import EngineError
from shipway.agent.port_addresses import port_addresses
from shipway.agent.task_state import ContainerState, TaskState

CONNECT_S_MAX = 2.0
READ_BYTES = 16 * 1024
logger = logging.getLogger(__name__)


class PortProcess:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(READ_BYTES)
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def resize(self, columns: int, rows: int) -> None:
        """A connection has no size."""

    async def end(self, *, ended: bool) -> int | None:
        self._writer.close()
        return None


async def connected(task: TaskState, container: ContainerState, port: int) -> PortProcess:
    """Raises EngineError when nobody answers."""
    for address, number in port_addresses(task, container, port):
        try:
            opening = asyncio.open_connection(address, number)
            return PortProcess(*await asyncio.wait_for(opening, CONNECT_S_MAX))
        except (OSError, TimeoutError) as error:
            logger.info("%s:%d of container %s: %r", address, number, container.name, error)
    raise EngineError(f"Nothing answers at port {port} of the container {container.name}.")
