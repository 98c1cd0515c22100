"""The running front door of the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.fake_registry import FakeRegistry
from tests.api.front_door import FrontDoor, Server, a_context


@pytest.fixture
def front_door(tmp_path: Path) -> Iterator[FrontDoor]:
    """A front door with nothing in it."""
    registry = FakeRegistry()
    context = a_context(tmp_path, registry)
    server = Server(context, [])
    server.start()
    yield FrontDoor(server.url, context, registry)
    server.stop()
    context.store.close()
    context.log_events.close()
