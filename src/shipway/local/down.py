"""`shipway local down` and `reset`: nothing stays behind but the data, and after `reset` not even that."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping

import msgspec

from shipway.local.docker_engine import docker_engine, remove_containers
from shipway.local.errors import LocalError
from shipway.local.folder import DataFolder, default_folder, find_folder
from shipway.local.leftovers import end_leftovers
from shipway.local.networks import remove_networks

STOP_DEADLINE_S = 30.0
POLL_S = 0.05
CLEAR_ATTEMPTS = 3


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What `down` found and took away."""

    data: str
    was_running: bool
    containers: int
    networks_kept: tuple[str, ...] = ()
    data_removed: bool = False
    note: str | None = None


def stop(data: str | None, environment: Mapping[str, str], reset: bool = False) -> Ended:
    """Ends processes and task containers, removes networks. Harmless when nothing runs."""
    folder = find_folder(data, environment)
    was_running = end_control_plane(folder)
    leftovers = end_leftovers(folder.path) if folder.path.is_dir() else []
    settings = None if reset and unreadable(folder) else folder.read_settings()
    if settings is not None:
        folder.taken_down_file.touch(mode=0o600)  # before the first container goes: the next start ends tasks
    containers, note = 0, None
    networks_kept: tuple[str, ...] = ()
    if settings is not None and not settings.simulated:
        try:
            containers, networks_kept = asyncio.run(clear_docker(settings.installation))
        except LocalError as error:
            note = f"Containers and networks could not be looked for. {error}"
    folder.remove_endpoint()
    ephemeral = settings is not None and settings.ephemeral
    if ephemeral:
        DataFolder(default_folder(environment)).remove_endpoint()
        folder.remove()
    elif reset:
        folder.remove_state()
    return Ended(
        data=str(folder.path),
        was_running=was_running or bool(leftovers),
        containers=containers,
        networks_kept=networks_kept,
        data_removed=ephemeral or reset,
        note=note,
    )


def end_control_plane(folder: DataFolder) -> bool:
    """SIGTERM to who holds the folder's lock, and SIGKILL when it has not let go in time."""
    pid = folder.running_pid()
    if not pid:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_DEADLINE_S
    while folder.running_pid() == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + STOP_DEADLINE_S
        time.sleep(POLL_S)  # it is not our child: only its lock says that it is gone
    return True


async def clear_docker(installation: str) -> tuple[int, tuple[str, ...]]:
    """An engine may still be making what an agent asked for before it ended: then it is looked for again."""
    containers, kept = 0, list[str]()
    async with docker_engine() as docker:
        for _ in range(CLEAR_ATTEMPTS):
            containers += await remove_containers(docker, installation)
            kept = await remove_networks(docker, installation)
            if not kept:
                break
    return containers, tuple(kept)


def unreadable(folder: DataFolder) -> bool:
    """`reset` is also the way out of settings that this version cannot read."""
    try:
        folder.read_settings()
    except LocalError:
        return True
    return False
