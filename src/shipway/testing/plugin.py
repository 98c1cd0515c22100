"""For pytest: `pytest_plugins = ["shipway.testing.plugin"]` in the topmost conftest.py gives `ecs`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shipway.testing.local_ecs import LocalEcs, local_ecs


@pytest.fixture
def ecs() -> Iterator[LocalEcs]:
    """An empty ECS of this test's own, its clock frozen."""
    with local_ecs() as ecs:
        yield ecs
