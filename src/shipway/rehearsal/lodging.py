"""A local ECS for one rehearsal: in a temporary folder, on free ports, and gone afterwards.

However the rehearsal ends, nothing of it stays. It clears up itself; when it is killed outright the caretaker
does, a process in a session of its own that waits at a pipe which only the rehearsal holds.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipway.deploy.errors import DeployError
from shipway.local import down, up
from shipway.local.docker_engine import INSTALLATION_LABEL, docker_engine, remove_images
from shipway.local.errors import LocalError
from shipway.local.folder import DataFolder
from shipway.local.leftovers import find_leftovers
from shipway.local.own_requests import ask
from shipway.local.ports import free_pair_after, free_port
from shipway.local.settings import ADDRESS, DOCKER, Endpoint, LocalSettings
from shipway.rehearsal.signals import signals_wait

PREFIX = "shipway-rehearsal-"
# Below the range from which the kernel gives ports to whoever asks for any, as agents do.
FIRST_PORT, PORTS = 20_000, 10_000
BREAK_LIMIT_S = 60


class LeftBehind(DeployError):
    """Something of the rehearsal is still there."""


@dataclass(frozen=True)
class Wanted:
    """What kind of local ECS; None means what `shipway local up` takes."""

    engine: str = DOCKER
    region: str | None = None
    instances: int | None = None
    cpu: int | None = None
    memory_mib: int | None = None
    speed: float | None = None


@dataclass(frozen=True)
class Lodging:
    """A local ECS that answers."""

    folder: DataFolder
    endpoint: Endpoint
    registry_address: str

    def break_it(self, request: dict[str, Any]) -> dict[str, Any]:
        return ask(self.endpoint, "POST", "break", BREAK_LIMIT_S, request)


@contextmanager
def lodging(wanted: Wanted, environment: Mapping[str, str]) -> Iterator[Lodging]:
    """Up until the block ends, however it ends. Raises LeftBehind when something could not be removed."""
    folder = DataFolder(Path(tempfile.mkdtemp(prefix=PREFIX)))
    caretaker = start_caretaker(folder.path)
    try:
        yield start(folder, wanted, environment)
    finally:
        with signals_wait():
            left = clear(folder.path, environment)
            caretaker.communicate()  # closes the pipe: it finds nothing to do, and ends
    if left:
        raise LeftBehind(f"The rehearsal has left behind: {', '.join(left)}. Remove it by hand.")


def start(folder: DataFolder, wanted: Wanted, environment: Mapping[str, str]) -> Lodging:
    options = up.UpOptions(
        data=str(folder.path),
        port=free_pair_after(FIRST_PORT + free_port() % PORTS),
        instances=wanted.instances,
        region=wanted.region,
        cpu=wanted.cpu,
        memory_mib=wanted.memory_mib,
        speed=wanted.speed,
        engine=wanted.engine,
    )
    try:
        running = up.start(options, environment)
    except LocalError as error:
        raise DeployError(str(error), exit_code=error.exit_code) from error
    return Lodging(folder, running.endpoint, f"{ADDRESS}:{running.settings.registry_port}")


def start_caretaker(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "shipway.rehearsal.caretaker", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def clear(path: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Takes everything away; returns what is still there. Harmless when nothing is."""
    if not path.is_dir():
        return ()
    settings = DataFolder(path).read_settings()
    ended = down.stop(str(path), environment, reset=True)
    left = [f"process {process.pid} ({process.name})" for process in find_leftovers(path)]
    if ended.note is not None:
        left.append(f"whatever Docker Engine has of it ({ended.note})")
    elif settings is not None and not settings.simulated:
        left += asyncio.run(clear_engine(settings))
    DataFolder(path).remove()
    return tuple(left)


async def clear_engine(settings: LocalSettings) -> list[str]:
    """Images of its registry go too, for that answers no more."""
    async with docker_engine() as docker:
        left = await remove_images(docker, f"{ADDRESS}:{settings.registry_port}")
        labels = {"label": [f"{INSTALLATION_LABEL}={settings.installation}"]}
        left += [found.id for found in await docker.containers.list(all=True, filters=labels)]
        left += [found["Name"] for found in await docker.networks.list(filters=labels)]
    return left
