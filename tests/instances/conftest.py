"""The room's door on a loopback port, with a store in memory and the real signature check."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.applications import Starlette

from shipway.api.signature import Credential, Verifier
from shipway.instances.credentials import CredentialsFor
from shipway.instances.routes import Instances, routes
from shipway.instances.settings import InstancesSettings, LinkSettings
from shipway.seams import SeededIds, SystemClock
from shipway.store import Store
from tests.instances.agent_client import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.instances.builders import a_task_definition, an_instance, put


@dataclass
class Door:
    """A control plane's door while it is open."""

    store: Store
    instances: Instances
    port: int


def credential(access_key_id: str) -> Credential | None:
    known = Credential(ACCESS_KEY_ID, SECRET_ACCESS_KEY, "arn:aws:iam::000000000000:root")
    return known if access_key_id == ACCESS_KEY_ID else None


@asynccontextmanager
async def open_door(
    store: Store, link: LinkSettings | None = None, credentials_for: CredentialsFor | None = None
) -> AsyncIterator[Door]:
    instances = Instances(
        store,
        SystemClock(),
        SeededIds("door"),
        InstancesSettings(link=link or LinkSettings()),
        Verifier(credential, SystemClock()).verify,
        credentials_for or (lambda task, role: None),
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes(instances)), lifespan="off", log_config=None)
    )
    await instances.start()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield Door(store, instances, listening.getsockname()[1])
    finally:
        await instances.stop()
        server.should_exit = True
        await serving
        listening.close()


@pytest.fixture
def store() -> Store:
    """One container instance and one task definition."""
    store = Store.open(None)
    put(store, an_instance(), a_task_definition())
    return store


@pytest.fixture
async def door(store: Store) -> AsyncIterator[Door]:
    async with open_door(store) as door:
        yield door
