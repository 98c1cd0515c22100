"""Functions of lifecycle hooks on loopback: by address, or by the name in a Lambda ARN."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shipway.local.hook_functions import ANSWER_BYTES_MAX, HookFunctions
from shipway.reconcile.surroundings import HookUnreachedError
from shipway.scheduler.shift.hook_targets import is_loopback

ARN = "arn:aws:lambda:us-east-1:000000000000:function:check"


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """`/echo` answers what it was sent; `/large` too much; `/away` sends elsewhere; `/broken` is 500."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=b" " * (ANSWER_BYTES_MAX + 1))

    async def away(_: web.Request) -> web.Response:
        raise web.HTTPFound("/echo")

    async def broken(_: web.Request) -> web.Response:
        raise web.HTTPInternalServerError

    app = web.Application()
    app.add_routes([web.post("/echo", echo), web.post("/large", large)])
    app.add_routes([web.post("/away", away), web.post("/broken", broken)])
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield server
    await server.close()


async def test_an_address_is_asked_directly(server: TestServer, tmp_path: Path) -> None:
    """The payload is posted as it is, and the answer comes back as it is."""
    functions = HookFunctions(tmp_path / "functions.json")
    assert await functions.call(str(server.make_url("/echo")), b'{"a": 1}') == b'{"a": 1}'


async def test_a_function_is_found_by_its_name(server: TestServer, tmp_path: Path) -> None:
    """With or without an alias; the file is read anew at every call."""
    file = tmp_path / "functions.json"
    functions = HookFunctions(file)
    with pytest.raises(HookUnreachedError, match="names no address for the function check"):
        await functions.call(ARN, b"{}")
    file.write_text(f'{{"check": "{server.make_url("/echo")}"}}')
    assert await functions.call(ARN, b"{}") == await functions.call(f"{ARN}:live", b"{}") == b"{}"
    file.write_text("{")
    with pytest.raises(HookUnreachedError, match="cannot be read"):
        await functions.call(ARN, b"{}")
    file.write_text('{"check": "http://192.0.2.1/"}')
    with pytest.raises(HookUnreachedError, match="not an http address on this machine"):
        await functions.call(ARN, b"{}")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/large", "more than 262144 bytes"),
        ("/away", "HTTP status 302"),
        ("/broken", "HTTP status 500"),
        ("/nowhere", "HTTP status 404"),
    ],
)
async def test_answers_that_are_none(server: TestServer, tmp_path: Path, path: str, text: str) -> None:
    """Too large, sent elsewhere, or an error."""
    with pytest.raises(HookUnreachedError, match=text):
        await HookFunctions(tmp_path / "functions.json").call(str(server.make_url(path)), b"{}")


async def test_nobody_listens(server: TestServer, tmp_path: Path) -> None:
    """A refused connection is told with its address."""
    address = str(server.make_url("/echo"))
    await server.close()
    with pytest.raises(HookUnreachedError, match="does not answer"):
        await HookFunctions(tmp_path / "functions.json").call(address, b"{}")


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("http://127.0.0.1:9000/hook", True),
        ("https://localhost/hook", True),
        ("http://[::1]:9000/", True),
        ("http://127.0.0.1.example.com/", False),
        ("http://localhost@192.0.2.1/", False),
        ("http://127.0.0.1:port/", False),
        ("ftp://127.0.0.1/", False),
        ("http://", False),
        ("arn:aws:lambda:us-east-1:000000000000:function:check", False),
    ],
)
def test_only_this_machine_is_asked(address: str, loopback: bool) -> None:
    """http and https on loopback, whatever the address looks like."""
    assert is_loopback(address) == loopback
