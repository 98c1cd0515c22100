"""The Docker Engine as `local` needs it: does it answer, and what of ours is in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiodocker

from shipway.local.errors import LocalError

ANSWER_TIMEOUT_S = 10
STOP_GRACE_S = 3
INSTALLATION_LABEL = "shipway.installation"
INSTANCE_LABEL = "shipway.instance"
TASK_LABEL = "com.amazonaws.ecs.task-arn"
CONTAINER_LABEL = "com.amazonaws.ecs.container-name"


@asynccontextmanager
async def docker_engine() -> AsyncIterator[aiodocker.Docker]:
    """A client that has seen the engine answer; else one sentence."""
    try:
        docker = aiodocker.Docker()
    except ValueError as error:  # no socket where one is expected
        raise LocalError(f"No Docker Engine was found: {_why(error)}. {WHAT_TO_DO}") from error
    try:
        try:
            await asyncio.wait_for(docker.version(), ANSWER_TIMEOUT_S)
        except (OSError, aiodocker.DockerError, TimeoutError) as error:
            where = os.environ.get("DOCKER_HOST") or docker.docker_host or "its socket"
            raise LocalError(f"No Docker Engine answers at {where}: {_why(error)}. {WHAT_TO_DO}") from error
        yield docker
    finally:
        await docker.close()


def _why(error: BaseException) -> str:
    """The operating system's own words, which the clients wrap in several layers of theirs."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            # Name resolution has numbers of its own, below zero.
            return os.strerror(cause.errno) if cause.errno and cause.errno > 0 else str(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return str(error).rstrip(".") or "no answer"


WHAT_TO_DO = "Start Docker, or set DOCKER_HOST to where it is, and run this again."


async def remove_containers(docker: aiodocker.Docker, installation: str) -> int:
    """Stops and removes every container of an installation, all at once. Returns how many there were."""
    return await _remove_all(docker, [f"{INSTALLATION_LABEL}={installation}"], STOP_GRACE_S)


async def remove_containers_of_instance(installation: str, instance_id: str) -> None:
    """A machine that is terminated takes its containers with it; nobody is asked to end in order."""
    labels = [f"{INSTALLATION_LABEL}={installation}", f"{INSTANCE_LABEL}={instance_id}"]
    async with docker_engine() as docker:
        await _remove_all(docker, labels, 0)


async def kill_container(installation: str, task_arn: str, name: str) -> bool:
    labels = [
        f"{INSTALLATION_LABEL}={installation}",
        f"{TASK_LABEL}={task_arn}",
        f"{CONTAINER_LABEL}={name}",
    ]
    async with docker_engine() as docker:
        running = await docker.containers.list(filters={"label": labels, "status": ["running"]})
        await asyncio.gather(*(container.kill() for container in running))
        return bool(running)


async def remove_images(docker: aiodocker.Docker, registry_address: str) -> list[str]:
    """Names in that registry, and images that have no others. Returns what would not go."""
    kept = []
    for image in await docker.images.list():
        for name in (*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())):
            if not name.startswith(f"{registry_address}/"):
                continue
            try:
                await docker.images.delete(name)
            except aiodocker.DockerError as error:
                if error.status != 404:  # the last tag takes the digests with it
                    kept.append(name)
    return kept


async def _remove_all(docker: aiodocker.Docker, labels: list[str], grace_s: int) -> int:
    containers = await docker.containers.list(all=True, filters={"label": labels})
    await asyncio.gather(*(_remove(container, grace_s) for container in containers))
    return len(containers)


async def _remove(container: aiodocker.containers.DockerContainer, grace_s: int) -> None:
    try:
        await container.stop(t=grace_s)
        await container.delete(force=True, v=True)
    except aiodocker.DockerError as error:
        if error.status not in (404, 409):  # gone already, or being removed
            raise
