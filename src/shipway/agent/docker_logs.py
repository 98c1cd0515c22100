"""A container's lines out of Docker's log stream: framed with a header, or raw from a terminal."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp

from shipway.agent.engine import LogLine

LINE_BYTES_MAX = 262_144 - 26  # CloudWatch Logs' limit of one event
FRAME = struct.Struct(">BxxxL")


def timestamp_ns(text: str) -> int:
    """RFC 3339 with up to nine decimals to nanoseconds since 1970; 0 for Docker's zero time and for
    nothing.
    """
    if not text or text.startswith("0001-"):
        return 0
    moment, _, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :] if rest else ""
    if not rest and moment.endswith("Z"):
        moment, zone = moment[:-1], "Z"
    whole = datetime.fromisoformat(moment + (zone.replace("Z", "+00:00") if zone else "+00:00"))
    return int(whole.astimezone(UTC).timestamp()) * 1_000_000_000 + int((digits or "0").ljust(9, "0")[:9])


async def log_lines(response: aiohttp.ClientResponse, tty: bool) -> AsyncIterator[LogLine]:
    """Docker cuts long lines in pieces, each with its own moment: they are joined again, per stream."""
    pending: dict[int, tuple[int, bytes]] = {}
    async for source, entry in _raw_entries(response) if tty else _framed_entries(response):
        stamp, _, content = entry.partition(b" ")
        moment, begun = pending.pop(source, (timestamp_ns(stamp.decode()), b""))
        content = begun + content
        if content.endswith(b"\n") or len(content) >= LINE_BYTES_MAX:
            yield LogLine(moment, _text(content))
        else:
            pending[source] = (moment, content)
    for moment, content in pending.values():
        yield LogLine(moment, _text(content))


def _text(content: bytes) -> str:
    return content[:LINE_BYTES_MAX].decode(errors="replace").rstrip("\r\n")


async def _framed_entries(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, bytes]]:
    while True:
        try:
            source, length = FRAME.unpack(await response.content.readexactly(FRAME.size))
            yield source, await response.content.readexactly(length)
        except asyncio.IncompleteReadError:
            return


async def _raw_entries(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[int, bytes]]:
    buffered = b""
    async for chunk in response.content.iter_any():
        *lines, buffered = (buffered + chunk).split(b"\n")
        for line in lines:
            yield 1, line + b"\n"
    if buffered:
        yield 1, buffered
