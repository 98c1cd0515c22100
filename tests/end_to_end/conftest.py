"""Two kinds of local ECS: one that all tests here share, and one a file for those that kill it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.local_ecs import LocalEcs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def base_image() -> None:
    """busybox:stable, pulled or made."""
    subprocess.run([ROOT / "scripts" / "base_image.sh"], check=True, timeout=120)


@pytest.fixture(scope="package")
def local(base_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEcs]:
    """Three container instances in three zones."""
    with taken_down(LocalEcs(tmp_path_factory.mktemp("shared") / "data")) as ecs:
        ecs.up("--instances", "3")
        yield ecs


@pytest.fixture(scope="module")
def victim(base_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEcs]:
    """For tests that kill its processes or take it down."""
    with taken_down(LocalEcs(tmp_path_factory.mktemp("victim") / "data")) as ecs:
        ecs.up("--instances", "2")
        yield ecs


@contextmanager
def taken_down(ecs: LocalEcs) -> Iterator[LocalEcs]:
    """Whatever happened before, `down` must leave nothing."""
    try:
        yield ecs
    finally:
        ecs.down()
        assert ecs.left_behind() == []
