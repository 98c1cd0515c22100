"""Requests a second of an HTTP server: one signed request sent over and over on a few connections.

The request is signed once (a signature is good for 15 minutes), so the client costs next to nothing and
the server, which verifies it anew each time, is what is measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CONNECTIONS = 8


def signed_request(endpoint: str, operation: str, members: dict[str, Any], credentials: Credentials) -> bytes:
    body = json.dumps(members).encode()
    request = AWSRequest(
        "POST",
        endpoint + "/",
        data=body,
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AmazonEC2ContainerServiceV20141113.{operation}",
            "Host": urlsplit(endpoint).netloc,
            "Content-Length": str(len(body)),
        },
    )
    SigV4Auth(credentials, "ecs", "us-east-1").add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode() + body


async def requests_per_second(endpoint: str, request: bytes, seconds: float) -> float:
    """Raises when the server answers anything but 200."""
    address = urlsplit(endpoint)
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + seconds
    lanes = [Lane(request, end, loop.create_future()) for _ in range(CONNECTIONS)]
    for lane in lanes:
        await lane.connect(address.hostname or "", address.port or 80)
    await asyncio.gather(*(lane.over for lane in lanes))
    return sum(lane.count for lane in lanes) / seconds


class Lane(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again. One that hangs up is called again."""

    def __init__(self, request: bytes, end: float, over: asyncio.Future[None]) -> None:
        self.count = 0
        self.over = over
        self._request = request
        self._end = end
        self._answer = b""

    async def connect(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        await asyncio.get_running_loop().create_connection(lambda: self, host, port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class does not say so
        self._answer = b""
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not separator or len(body) < content_length(head):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(RuntimeError(f"The server answered {head[:40]!r}: {body[:300]!r}"))
            return
        self.count += 1
        self._answer = b""
        if time.perf_counter() >= self._end:
            self._transport.close()
            self.over.set_result(None)
        elif b"connection: close" not in head.lower():
            self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self._again = asyncio.ensure_future(self.connect(self._host, self._port))

    def _fail(self, error: Exception) -> None:
        self.over.set_exception(error)
        self._transport.close()


def content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
