"""The registry process: configured, started, waited for and stopped."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from shipway.registry.credentials import ensure_password, write_private
from shipway.registry.program import Program, choose_program
from shipway.registry.render import render_configuration

LISTENING = "listening on"
READY_DEADLINE_S = 30.0
PULL_DEADLINE_S = 150.0  # the first run of the image begins with its download
PROCESS_NAME = "The image registry"


class Child(Protocol):
    """A child process as its owner supervises it."""

    async def start(self) -> None:
        """Starts the process."""
        ...

    async def stop(self) -> None:
        """Ends the process."""
        ...

    async def wait(self) -> str:
        """Waits for the end; says how it came."""
        ...

    async def wait_for_line(self, text: str, deadline_s: float) -> str:
        """Waits until the process has said a line that holds `text`."""
        ...


class Registry:
    """CNCF Distribution on a loopback port, its images in `folder`."""

    name = "registry"

    def __init__(
        self, folder: Path, port: int, installation: str, child: Callable[[str, Sequence[str], Path], Child]
    ) -> None:
        self._folder = folder
        self._port = port
        self._installation = installation
        self._child_of = child
        self._child: Child | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._password = ensure_password(folder / "password", folder / "htpasswd")

    @property
    def address(self) -> str:
        """Where Docker and the ECR API reach it, without a scheme."""
        return f"127.0.0.1:{self._port}"

    @property
    def storage(self) -> Path:
        """The folder of its filesystem storage."""
        return self._folder / "storage"

    def password(self) -> str:
        """What the user `AWS` logs in with."""
        return self._password

    async def start(self) -> None:
        """Starts the process and waits until it listens."""
        program = await asyncio.to_thread(choose_program, self._folder, self._port, self._installation)
        self.storage.mkdir(mode=0o700, exist_ok=True)
        write_private(self._folder / "config.yml", _configuration(program))
        if program.container:
            await asyncio.to_thread(_remove_container, program)
        self._child = self._child_of(PROCESS_NAME, program.command, self._folder / "registry.log")
        await self._child.start()
        deadline_s = PULL_DEADLINE_S if program.container else READY_DEADLINE_S
        await self._child.wait_for_line(LISTENING, deadline_s)

    async def stop(self) -> None:
        """Ends the process; images stay."""
        if self._child:
            await self._child.stop()

    async def died(self) -> str:
        """Waits until the process has ended by itself; says how."""
        assert self._child, "the registry was not started"
        return await self._child.wait()


def _configuration(program: Program) -> str:
    return render_configuration(
        address=program.address,
        storage=f"{program.folder}/storage",
        htpasswd=f"{program.folder}/htpasswd",
        secret=secrets.token_hex(16),
    )


def _remove_container(program: Program) -> None:
    """One that a killed control plane left behind would hold the name and the port."""
    docker, name = program.command[0], str(program.container)
    subprocess.run([docker, "rm", "--force", name], capture_output=True, timeout=60, check=False)
