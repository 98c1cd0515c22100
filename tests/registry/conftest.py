"""A real registry on a free loopback port, and a Docker client configuration of the test's own."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from shipway.local.process import ChildProcess
from shipway.registry.images import RegistryImages
from shipway.registry.registry import Registry

Docker = Callable[..., str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    served = Registry(tmp_path / "registry", free_port(), "test", ChildProcess)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def images(registry: Registry) -> AsyncIterator[RegistryImages]:
    bridge = RegistryImages(registry.address, registry.password(), registry.storage)
    yield bridge
    await bridge.close()


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[Docker]:
    """Runs the docker command line; a failing command fails the test with its own words."""
    configuration = tmp_path / "docker-configuration"
    configuration.mkdir()
    environment = {**os.environ, "DOCKER_CONFIG": str(configuration)}
    tagged: list[str] = []

    def run(*arguments: str, stdin: str = "") -> str:
        if arguments[0] == "tag":
            tagged.append(arguments[2])
        finished = subprocess.run(
            ["docker", *arguments], input=stdin, capture_output=True, text=True, env=environment, timeout=120
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    yield run
    for image in tagged:
        subprocess.run(["docker", "image", "rm", image], capture_output=True, timeout=60, check=False)
