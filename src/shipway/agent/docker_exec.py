"""A command in a running container, by Docker's exec: with a terminal, as root, as ECS Exec has it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import aiodocker
from aiodocker.execs import Exec
from aiodocker.stream import Stream

from shipway.agent.docker_connection import engine_error

EXIT_CODE_S_MAX, EXIT_CODE_LOOK_S = 5.0, 0.02
ENVIRONMENT = {"TERM": "xterm-256color"}


class DockerProcess:
    """One exec. It has a connection of its own, for it is hijacked."""

    def __init__(self, docker: aiodocker.Docker, runtime_id: str, made: Exec, stream: Stream) -> None:
        self._docker = docker
        self._runtime_id = runtime_id
        self._exec = made
        self._stream = stream

    async def read(self) -> bytes:
        message = await self._stream.read_out()
        return b"" if message is None else bytes(message.data)

    async def write(self, data: bytes) -> None:
        await self._stream.write_in(data)

    async def resize(self, columns: int, rows: int) -> None:
        with suppress(aiodocker.DockerError):  # it has ended meanwhile
            await self._exec.resize(h=rows, w=columns)

    async def end(self, *, ended: bool) -> int | None:
        try:
            async with asyncio.timeout(EXIT_CODE_S_MAX):
                if ended:
                    return await self._exit_code()
                await self._hang_up()
                return None
        except (aiodocker.DockerError, TimeoutError):
            return None
        finally:
            await self._stream.close()
            await self._docker.close()

    async def _exit_code(self) -> int | None:
        """Docker closes the stream a moment before it notes that the process has ended."""
        while True:
            found = await self._exec.inspect()
            if not found.get("Running") and found.get("ExitCode") is not None:
                return int(found["ExitCode"])
            await asyncio.sleep(EXIT_CODE_LOOK_S)

    async def _hang_up(self) -> None:
        """As a terminal does that goes away. Docker has no call for it: the signal is ours, where its
        containers are on this machine. Elsewhere, as in Docker Desktop's, the number is somebody else's here.
        """
        found = await self._exec.inspect()
        pid = int(found.get("Pid") or 0)
        if found.get("Running") and runs_in(self._runtime_id, pid):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGHUP)


def runs_in(runtime_id: str, pid: int) -> bool:
    """Whether this machine has that process, and in that container."""
    try:
        return runtime_id in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


async def execute(runtime_id: str, command: list[str]) -> DockerProcess:
    docker = aiodocker.Docker()
    try:
        container = docker.containers.container(runtime_id)
        made = await container.exec(command, stdin=True, tty=True, user="0", environment=ENVIRONMENT)
        stream = made.start(detach=False)
        await stream.__aenter__()
    except aiodocker.DockerError as error:
        await docker.close()
        raise engine_error(error.message, missing=error.status == 404) from error
    except BaseException:
        await docker.close()
        raise
    return DockerProcess(docker, runtime_id, made, stream)
