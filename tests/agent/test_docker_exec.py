"""Hanging up on a command in a container: whom the signal may reach."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from shipway.agent.docker_exec import DockerProcess, runs_in


class Found:
    """Docker's client, exec and stream, as far as the end of a process asks them."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.closed = 0

    async def inspect(self) -> dict[str, Any]:
        return {"Running": True, "Pid": self.pid}

    async def close(self) -> None:
        self.closed += 1


async def test_a_process_of_this_machine_that_only_has_the_number_is_left_alone() -> None:
    """Where containers are in a virtual machine, Docker tells that machine's numbers."""
    somebodys = await asyncio.create_subprocess_exec("sleep", "600")
    found: Any = Found(somebodys.pid)
    assert await DockerProcess(found, "c0ffee" * 10, found, found).end(ended=False) is None
    somebodys.terminate()
    assert await somebodys.wait() == -signal.SIGTERM
    assert found.closed == 2


def test_nobody_runs_where_there_is_no_such_process() -> None:
    """It has ended meanwhile, or never was here."""
    assert not runs_in("c0ffee", 0)
