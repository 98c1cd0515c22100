"""The control plane's process, `python -m shipway.local.control_plane --data DIR`, started by `up`.

Theory of operation. The process takes the data folder's lock and holds it until it dies: that is how everyone
else knows whether it runs. It ends what a killed predecessor left (agents, registry; Envoy goes on and is
adopted, so that requests never stop; containers are adopted by the agents), opens the store, makes sure of
Docker's networks, starts the parts, and writes `endpoint.json`. Only then it says "ready" through the pipe
its parent waits on; an error goes the same way, as one sentence. SIGTERM or SIGINT stop the parts in reverse
order.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from shipway.load_balancer.envoy import EnvoyError
from shipway.local.docker_engine import docker_engine, remove_containers
from shipway.local.errors import LocalError
from shipway.local.folder import DataFolder, FolderLock
from shipway.local.foundation import NO_NETWORKS, Foundation, NetworksFound
from shipway.local.front_door import port_taken
from shipway.local.installation import Installation
from shipway.local.leftovers import end_leftovers
from shipway.local.networks import (
    METADATA_ADDRESS,
    METADATA_PORT,
    can_serve_metadata,
    ensure_link_local_network,
    ensure_task_network,
    remove_networks,
    task_network_name,
)
from shipway.local.ports import is_free
from shipway.local.ready import ReadyWord
from shipway.local.settings import Endpoint, LocalSettings
from shipway.model.load_balancer import LoadBalancer
from shipway.registry.program import RegistryError
from shipway.store import Store
from shipway.store.log_events import LogEvents

logger = logging.getLogger("shipway.local.control_plane")  # also when it is __main__

LOG_BYTES_MAX = 4 * 1024 * 1024
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
ADOPTED = frozenset({"envoy"})

Ready = Callable[[ReadyWord], None]


async def serve(folder: DataFolder, ready: Ready) -> None:
    """Runs until SIGTERM or SIGINT. What cannot work is a LocalError."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lock = FolderLock(folder)
    lock.acquire()
    try:
        for leftover in end_leftovers(folder.path, ADOPTED):
            logger.warning(
                "Ended what was left of an earlier run: process %d, %s", leftover.pid, leftover.name
            )
        async with networks_unless_in_vain(folder):
            foundation = await lay_foundation(folder)
            try:
                await run_parts(foundation, ready, stop)
            finally:
                foundation.log_events.close()
                foundation.store.close()
    finally:
        folder.remove_endpoint()
        lock.release()


async def lay_foundation(folder: DataFolder) -> Foundation:
    settings = folder.read_settings()
    assert settings is not None, f"{folder.path} has no settings.json"
    ports = (settings.port,) if settings.simulated else (settings.port, settings.registry_port)
    for port in ports:
        if not is_free(port):
            raise port_taken(port)
    if settings.simulated:
        networks = NO_NETWORKS
        folder.taken_down_file.touch(mode=0o600)  # simulated containers end with the process they are in
    else:
        if folder.taken_down_file.exists():  # a `down` that did not get far itself is finished first
            async with docker_engine() as docker:
                await remove_containers(docker, settings.installation)
        networks = await ensure_networks(settings)
    if networks.task_subnet != settings.task_subnet:
        settings = msgspec.structs.replace(settings, task_subnet=networks.task_subnet)
        folder.write_settings(settings)
    return Foundation(
        folder=folder,
        settings=settings,
        credentials=folder.ensure_credentials(),
        store=Store.open(folder.state_file),
        log_events=LogEvents.open(folder.log_events_file),
        networks=networks,
    )


async def ensure_networks(settings: LocalSettings) -> NetworksFound:
    async with docker_engine() as docker:
        subnet = await ensure_task_network(docker, settings.installation, settings.task_subnet)
        link_local = await ensure_link_local_network(docker, settings.installation)
        if link_local and not can_serve_metadata():
            logger.warning(
                "Port %d of %s cannot be opened by this user: containers do without task metadata.",
                METADATA_PORT,
                METADATA_ADDRESS,
            )
            link_local = None
    return NetworksFound(
        task_network=task_network_name(settings.installation),
        task_subnet=subnet,
        link_local_network=link_local,
    )


@asynccontextmanager
async def networks_unless_in_vain(folder: DataFolder) -> AsyncIterator[None]:
    """What did not come up leaves no networks, unless containers of an earlier run are in them."""
    try:
        yield
    except BaseException:
        settings = folder.read_settings()
        if settings is not None and not settings.simulated:
            with suppress(LocalError):  # no engine: then there is nothing to take away either
                async with docker_engine() as docker:
                    await remove_networks(docker, settings.installation)
        raise


async def run_parts(foundation: Foundation, ready: Ready, stop: asyncio.Event) -> None:
    installation = Installation(foundation, give_up=stop.set)
    try:
        await installation.start()
        settings = foundation.settings
        endpoint = Endpoint(
            endpoint_url=settings.endpoint_url,
            region=settings.region,
            account_id=settings.account_id,
            access_key_id=foundation.credentials.access_key_id,
            secret_access_key=foundation.credentials.secret_access_key,
            registry=installation.engine.registry_address,
            pid=os.getpid(),
            data=str(foundation.folder.path),
        )
        foundation.folder.write_endpoint(endpoint)
        logger.info("Ready at %s", endpoint.endpoint_url)
        ready(ReadyWord(load_balancers=len(foundation.store.state.all(LoadBalancer))))
        await stop.wait()
        logger.info("Stopping")
    finally:
        await installation.stop()


def run(folder: DataFolder, ready: Ready) -> None:
    """`serve` on uvloop, its errors turned into sentences."""
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(folder, ready))
    except (RegistryError, EnvoyError) as error:
        raise LocalError(str(error)) from error


def log_to(folder: DataFolder, also_to_terminal: bool) -> None:
    os.close(os.open(folder.log_file, os.O_CREAT | os.O_APPEND, 0o600))
    to_file = logging.handlers.RotatingFileHandler(folder.log_file, maxBytes=LOG_BYTES_MAX, backupCount=1)
    handlers: list[logging.Handler] = [to_file]
    if also_to_terminal:
        handlers.append(logging.StreamHandler(sys.stderr))
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, handlers=handlers)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m shipway.local.control_plane")
    parser.add_argument("--data", required=True)
    parser.add_argument("--ready-fd", type=int, required=True)
    arguments = parser.parse_args()
    folder = DataFolder(Path(arguments.data))
    log_to(folder, also_to_terminal=False)

    def say(message: ReadyWord) -> None:
        with open(arguments.ready_fd, "wb") as pipe:
            pipe.write(msgspec.json.encode(message) + b"\n")

    try:
        run(folder, say)
    except LocalError as error:
        logger.error("%s", error)
        try:
            say(ReadyWord(error=str(error)))
        except OSError:  # it was ready before; nobody listens any more
            logger.info("The control plane ends")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
