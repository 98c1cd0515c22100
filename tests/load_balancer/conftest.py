"""A real Envoy on a folder of its own, started and ended around each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shipway.load_balancer.edge import LoadBalancerEdge


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[LoadBalancerEdge]:
    started = LoadBalancerEdge(tmp_path / "load_balancer")
    await started.start()
    try:
        yield started
    finally:
        await started.stop()
