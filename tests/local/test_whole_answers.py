"""The front door's transport: what leaves together, and what does not wait."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from shipway.local.whole_answers import WholeAnswers

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Recorded:
    """A transport that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def write(self, data: bytes) -> None:
        self.asked.append(data)

    def close(self) -> None:
        self.asked.append("close")

    def is_closing(self) -> bool:
        return "close" in self.asked


def whole_answers() -> tuple[WholeAnswers, Recorded]:
    recorded = Recorded()
    return WholeAnswers(cast(asyncio.Transport, recorded)), recorded


async def test_head_and_body_leave_together() -> None:
    """An answer is one write, and nothing of it is left for later."""
    transport, recorded = whole_answers()
    transport.write(HEAD)
    transport.write(b"body")
    await asyncio.sleep(0)
    assert recorded.asked == [HEAD + b"body"]


async def test_a_head_does_not_wait_for_a_body_that_comes_later() -> None:
    """`100 Continue`, or a body that is not ready yet: the head goes at the end of the event loop's turn."""
    transport, recorded = whole_answers()
    transport.write(HEAD)
    assert recorded.asked == []
    await asyncio.sleep(0)
    assert recorded.asked == [HEAD]
    transport.write(b"body")
    assert recorded.asked == [HEAD, b"body"]


async def test_closing_loses_nothing() -> None:
    """A head that still waits is written before the connection ends; the rest is the transport's own."""
    transport, recorded = whole_answers()
    transport.write(HEAD)
    transport.close()
    await asyncio.sleep(0)
    assert recorded.asked == [HEAD, "close"]
    assert transport.is_closing()
