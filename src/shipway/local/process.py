"""One child process: started, its lines logged, waited for, ended.

A child lives in a session of its own, so that Ctrl-C in a foreground control plane reaches the control plane
only, and its output comes through a pipe, so that what it says can be waited for. When the control plane is
killed outright the pipe breaks; what survives that is found by `leftovers` at the next start.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from shipway.local.errors import LocalError
from shipway.local.line_log import LineLog

STOP_GRACE_S = 10.0
LINE_BYTES_MAX = 64 * 1024


class ProcessEnded(LocalError):
    """The child ended when it should have run; the text holds its exit code and last words."""


class ChildProcess:
    def __init__(
        self, name: str, command: Sequence[str], log_path: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._command = tuple(command)
        self._environment = dict(environment) if environment is not None else None
        self._log_path = log_path
        self._log: LineLog | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._awaited: list[tuple[str, asyncio.Future[str]]] = []

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        assert not self.running, f"{self.name} runs already"
        self._log = LineLog(self._log_path)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
                limit=LINE_BYTES_MAX,
            )
        except OSError as error:
            self._log.close()
            raise LocalError(
                f"{self.name} could not be started: {self._command[0]}: {error.strerror}."
            ) from error
        self._reader = asyncio.create_task(self._read_lines(), name=f"{self.name} output")

    async def wait_for_line(self, text: str, deadline_s: float) -> str:
        """The first line from now on that holds `text`; an error if the child ends or time is up."""
        assert self._reader, f"{self.name} was not started"
        said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._awaited.append((text, said))
        try:
            done, _ = await asyncio.wait(
                (said, self._reader), timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            self._awaited.remove((text, said))
        if said.done():
            return said.result()
        if done:
            raise ProcessEnded(await self.wait())
        raise LocalError(f"{self.name} did not become ready within {deadline_s:g} s; see {self._log_path}.")

    async def wait(self) -> str:
        """Waits for the end, and returns it as a sentence: exit code or signal, and the last line said."""
        assert self._process and self._reader and self._log, f"{self.name} was not started"
        await self._process.wait()
        await asyncio.wait((self._reader,), timeout=1.0)  # grandchildren may hold the pipe open
        code = self._process.returncode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        words = self._log.last_lines[-1] if self._log.last_lines else "it said nothing"
        return f"{self.name} {how}: {words} (log: {self._log_path})"

    async def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """SIGTERM, and SIGKILL for what has not ended after the grace period."""
        if self._process is None or self._reader is None or self._log is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), grace_s)
            except TimeoutError:
                _kill_group(self._process.pid)
                await self._process.wait()
        await asyncio.wait((self._reader,), timeout=1.0)
        self._reader.cancel()
        self._log.close()
        self._process = None

    async def _read_lines(self) -> None:
        assert self._process and self._process.stdout and self._log
        while True:
            try:
                raw = await self._process.stdout.readuntil()
            except asyncio.IncompleteReadError as end:
                raw = end.partial
            except asyncio.LimitOverrunError as overrun:
                raw = await self._process.stdout.read(overrun.consumed)
            if not raw:
                return
            self._said(raw.rstrip(b"\r\n").decode(errors="replace"))

    def _said(self, line: str) -> None:
        assert self._log
        self._log.write(line)
        for text, said in self._awaited:
            if text in line and not said.done():
                said.set_result(line)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)  # a session of its own: the group's id is the child's
    except ProcessLookupError:
        return
