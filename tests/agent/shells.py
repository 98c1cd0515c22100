"""Processes in containers, as a session sees them."""

from __future__ import annotations

import asyncio


class Shell:
    """A process that says what it heard, in capitals, and ends at `exit N`."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[bytes] = asyncio.Queue()
        self.sizes: list[tuple[int, int]] = []
        self.code: int | None = None
        self.hung_up = asyncio.Event()

    async def read(self) -> bytes:
        return await self.said.get()

    async def write(self, data: bytes) -> None:
        if data.startswith(b"exit "):
            self.code = int(data.split()[1])
            self.said.put_nowait(b"x" * 20_000 + b"bye")
            self.said.put_nowait(b"")
        else:
            self.said.put_nowait(data.upper())

    async def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    async def end(self, *, ended: bool) -> int | None:
        if not ended:
            self.hung_up.set()
        return self.code if ended else None


class Chatty(Shell):
    """It never stops talking."""

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        return b"y" * 1000
