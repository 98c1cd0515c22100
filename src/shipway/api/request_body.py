"""A request's body: read whole, within a bound."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

DISCARDED_BYTES_MAX = 64 * 1024 * 1024

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyTooLargeError(Exception):
    """The body is longer than this service's bound."""

    kind = "too_large"


class ClientGoneError(Exception):
    """The client hung up before its request was whole."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], bytes_max: int) -> bytes:
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared[:12]) > bytes_max:
        await discard(receive)
        raise too_large(bytes_max)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body"):
        return within(body, bytes_max)
    chunks = [body]
    size = len(body)
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > bytes_max:
            if message.get("more_body"):
                await discard(receive)
            raise too_large(bytes_max)
    if message["type"] != "http.request":
        raise ClientGoneError
    return b"".join(chunks)


async def discard(receive: Receive) -> None:
    """Lets a client finish sending what is not kept: one cut off in the middle never reads why."""
    size = 0
    while size < DISCARDED_BYTES_MAX:
        message = await receive()
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def within(body: bytes, bytes_max: int) -> bytes:
    if len(body) > bytes_max:
        raise too_large(bytes_max)
    return body


def too_large(bytes_max: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"Request size exceeded the limit of {bytes_max} bytes.")


def replay(body: bytes) -> Receive:
    """A `receive` that gives an already read body once more."""
    left: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive
