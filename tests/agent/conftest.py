"""A real image for the Docker tests, a fake control plane, and agents on either engine."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from shipway.agent.agent import Agent, InstanceEngine
from shipway.agent.configuration import Configuration, Credentials
from shipway.agent.docker_engine import DockerEngine
from shipway.agent.simulated_engine import SimulatedEngine
from shipway.seams import RandomIds, SystemClock
from tests.agent.fake_control_plane import FakeControlPlane

IMAGE = "shipway-agent-test/busybox:1"


def docker(*arguments: str) -> str:
    finished = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode == 0, f"docker {' '.join(arguments)}: {finished.stderr}"
    return finished.stdout.strip()


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """busybox from the machine's own static one: nothing has to be pulled."""
    folder = tmp_path_factory.mktemp("image")
    found = shutil.which("busybox")
    assert found, "busybox is missing: apt-get install busybox-static"
    shutil.copy(found, folder / "busybox")
    (folder / "Dockerfile").write_text(
        'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "/bin"]\n'
    )
    subprocess.run(
        ["docker", "build", "-q", "-t", IMAGE, str(folder)],
        check=True,
        capture_output=True,
        timeout=120,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
    return IMAGE


@pytest.fixture
def instance_id() -> Iterator[str]:
    """An instance of the test's own; whatever containers it leaves are removed."""
    name = f"i-{uuid.uuid4().hex[:17]}"
    yield name
    if shutil.which("docker"):
        left = docker("ps", "-aq", "--filter", f"label=shipway.instance={name}").split()
        if left:
            docker("rm", "-f", "-v", *left)


SUBNET = "10.253.0.0/24"


@pytest.fixture
def task_network() -> Iterator[str]:
    name = "shipway-agent-test"
    existing = docker("network", "ls", "-q", "--filter", f"name=^{name}$")
    if existing:  # a run before this one was killed
        docker("network", "rm", existing)
    docker("network", "create", "--subnet", SUBNET, "--label", "shipway.test=agent", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture
async def control_plane() -> AsyncIterator[FakeControlPlane]:
    fake = FakeControlPlane()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def configuration(control_plane: FakeControlPlane, instance_id: str, tmp_path: Path) -> Configuration:
    return Configuration(
        control_plane_url=control_plane.url,
        cluster="default",
        data_folder=tmp_path / "data",
        credentials=Credentials("AKIATEST", "secret"),
        instance_id=instance_id,
        installation="agent-tests",
        cpu=2048,
        memory_mib=4096,
        address="127.0.1.99",
        cleanup_wait_s=1,
        telemetry_period_s=0.5,
    )


StartAgent = Callable[[Configuration, InstanceEngine], "asyncio.Task[None]"]


@pytest.fixture
async def start_agent() -> AsyncIterator[StartAgent]:
    """Runs agents in the test's own event loop; those still there at the end are cancelled, as SIGTERM
    does.
    """
    running: list[asyncio.Task[None]] = []

    def start(configuration: Configuration, engine: InstanceEngine) -> asyncio.Task[None]:
        agent = Agent(configuration, engine, SystemClock(), RandomIds())
        running.append(asyncio.create_task(agent.run()))
        return running[-1]

    yield start
    for task in running:
        task.cancel()
    for outcome in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


@pytest.fixture
def simulated(instance_id: str) -> SimulatedEngine:
    return SimulatedEngine(instance_id, SystemClock(), RandomIds(), {"busybox:stable": "sha256:1"})


@pytest.fixture(params=["simulated", pytest.param("docker", marks=pytest.mark.docker)])
def engine(request: pytest.FixtureRequest, instance_id: str) -> InstanceEngine:
    """Either engine; `image_of` names an image that it has."""
    if request.param == "docker":
        request.getfixturevalue("image")
        return DockerEngine(instance_id)
    return SimulatedEngine(instance_id, SystemClock(), RandomIds(), {IMAGE: "sha256:1"})
