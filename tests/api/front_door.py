"""A front door on a free loopback port, and boto3 clients whose every answer is checked against its shape."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.client import BaseClient
from botocore.config import Config
from starlette.routing import BaseRoute

from shipway.api.app import build_app
from shipway.api.call import Settings
from shipway.api.dispatch import Context
from shipway.api.signature import Credential
from shipway.seams import SeededIds, SystemClock
from shipway.store import Store
from shipway.store.log_events import LogEvents
from tests.api.fake_registry import FakeRegistry
from tests.api.shape_check import check_answer

KEY = Credential(
    access_key_id="AKIASHIPWAYTEST00001",
    secret_access_key="test-secret",
    arn="arn:aws:iam::000000000000:user/me",
)
DEADLINE_S = 20


@dataclass
class FrontDoor:
    """A running front door."""

    url: str
    context: Context
    registry: FakeRegistry

    def client(self, service: str, **changes: Any) -> Any:
        """A boto3 client with the installation's key, unless `changes` say otherwise."""
        options = {
            "region_name": "us-east-1",
            "endpoint_url": self.url,
            "aws_access_key_id": KEY.access_key_id,
            "aws_secret_access_key": KEY.secret_access_key,
            "config": Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            **changes,
        }
        client: BaseClient = boto3.client(service, **options)  # type: ignore[call-overload]
        client.meta.events.register("after-call", check_answer)
        return client


class Server:
    """uvicorn on a thread of its own; `url` answers once `start` has returned."""

    def __init__(self, context: Context, routes: list[BaseRoute]) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            build_app(context, routes), loop="uvloop", server_header=False, log_level="warning", lifespan="on"
        )
        self._server = uvicorn.Server(config)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="front-door", daemon=True)

    def start(self) -> None:
        self._socket.listen()
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(DEADLINE_S)
        self._socket.close()
        assert not self._thread.is_alive(), "the front door does not stop"

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


def a_context(folder: Path, registry: FakeRegistry, **changes: Any) -> Context:
    """Everything a front door stands on, for one test."""
    members: dict[str, Any] = {
        "store": Store.open(folder / "state.sqlite"),
        "clock": SystemClock(),
        "ids": SeededIds("front door"),
        "settings": Settings(version="1.2.3"),
        "log_events": LogEvents.open(folder / "logs.sqlite"),
        "registry": registry,
        "credentials": {KEY.access_key_id: KEY}.get,
    }
    return Context(**{**members, **changes})
