"""A body is read whole within its bound; what is too large is let in, within another bound, and dropped."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

from shipway.api.request_body import (
    DISCARDED_BYTES_MAX,
    BodyTooLargeError,
    ClientGoneError,
    read_body,
)

BYTES_MAX = 10
GONE = {"type": "http.disconnect"}


class Client:
    """Sends these parts, the last of them as the last; asking for more would wait for ever."""

    def __init__(self, *parts: bytes, whole: bool = True) -> None:
        last = len(parts) - 1
        self.messages: list[MutableMapping[str, Any]] = [
            {"type": "http.request", "body": part, "more_body": not whole or number < last}
            for number, part in enumerate(parts)
        ]
        if not whole:
            self.messages.append(GONE)

    async def receive(self) -> MutableMapping[str, Any]:
        assert self.messages, "asked for more than there is: the client would wait for its answer for ever"
        return self.messages.pop(0)


async def read(client: Client, declared: int | None = None) -> bytes:
    headers = {} if declared is None else {b"content-length": str(declared).encode()}
    return await read_body(client.receive, headers, BYTES_MAX)


@pytest.mark.parametrize("parts", [(b"",), (b"0123456789",), (b"01234", b"", b"56789")])
async def test_body_within_its_bound_is_read_whole(parts: tuple[bytes, ...]) -> None:
    """In however many parts it comes."""
    assert await read(Client(*parts)) == b"".join(parts)
    assert await read(Client(*parts), declared=sum(map(len, parts))) == b"".join(parts)


@pytest.mark.parametrize("parts", [(b"0123456789a",), (b"01234", b"56789a"), (b"0123456789a", b"b", b"c")])
@pytest.mark.parametrize("declares", [True, False])
async def test_body_too_large_is_let_in_to_its_end(parts: tuple[bytes, ...], declares: bool) -> None:
    """A client cut off in the middle never reads why. After the last part there is nothing to wait for."""
    client = Client(*parts)
    with pytest.raises(BodyTooLargeError, match=r"Request size exceeded the limit of 10 bytes\."):
        await read(client, sum(map(len, parts)) if declares else None)
    assert client.messages == []


async def test_what_is_dropped_is_bounded() -> None:
    """Whoever goes on for ever is answered in the middle."""
    part = b"x" * (1024 * 1024)
    endless = Client(*[part] * 100, whole=False)
    with pytest.raises(BodyTooLargeError):
        await read(endless, declared=10**15)
    read_bytes = (100 - len(endless.messages) + 1) * len(part)
    assert DISCARDED_BYTES_MAX <= read_bytes <= DISCARDED_BYTES_MAX + len(part)


async def test_client_that_hangs_up_is_not_answered() -> None:
    """Before its body was whole; while too much of it comes in, there is an error to tell all the same."""
    with pytest.raises(ClientGoneError):
        await read(Client(b"012", whole=False))
    with pytest.raises(BodyTooLargeError):
        await read(Client(b"0123456789a", b"b", whole=False))
