"""The container engine as the agent sees it: eight verbs, and what they answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from shipway.agent.task_state import NetworkBinding

ALWAYS, MISSING, LOCAL = "always", "missing", "local"


class EngineError(Exception):
    """The engine refused or failed. `retry` says whether the same call may succeed a moment later.
    `error_name` is ECS's, where it does not follow from the step that failed.
    """

    error_name = ""

    def __init__(self, message: str, *, retry: bool = False, missing: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.retry = retry
        self.missing = missing


class RegistryLogin(msgspec.Struct, frozen=True):
    username: str
    password: str
    address: str

    def __repr__(self) -> str:
        return f"RegistryLogin({self.username} at {self.address})"


class Image(msgspec.Struct, frozen=True):
    image_id: str
    digest: str = ""


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """A container as the engine has it at this moment."""

    runtime_id: str
    status: str  # created, running, exited
    labels: dict[str, str] = {}
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""
    health: str = "UNKNOWN"
    created_at: int = 0
    started_at: int = 0
    finished_at: int = 0
    image: str = ""
    image_id: str = ""
    addresses: tuple[tuple[str, str], ...] = ()
    bindings: tuple[NetworkBinding, ...] = ()


class EngineEvent(msgspec.Struct, frozen=True):
    """Something happened to a container: look. An empty id means: look at everything, events may have
    been missed.
    """

    runtime_id: str


class LogLine(msgspec.Struct, frozen=True):
    timestamp_ns: int
    text: str


class Engine(Protocol):
    """Runs containers. Only those that bear this instance's label exist for it."""

    async def pull(self, image: str, login: RegistryLogin | None, policy: str) -> Image:
        """Make the image present: ALWAYS ask the registry, only if it is MISSING, or be content with
        what is LOCAL.
        """
        ...

    async def create(self, name: str, body: dict[str, Any]) -> str:
        """Create a container and answer its id; one of this name and instance that is already there is
        taken as it is.
        """
        ...

    async def start(self, runtime_id: str) -> None:
        """Start it; done when its process runs. A running one is left alone."""
        ...

    async def stop(self, runtime_id: str, timeout_s: int) -> None:
        """SIGTERM, then SIGKILL after the timeout; done when it has ended."""
        ...

    async def remove(self, runtime_id: str) -> None:
        """Remove it, killed if need be, with its task's volumes that nobody uses any more. A missing one
        is no error.
        """
        ...

    async def observe(self, runtime_id: str = "") -> list[Observed]:
        """One container (none when it is missing), or all of this instance."""
        ...

    def events(self) -> AsyncIterator[EngineEvent]:
        """What happens from now on. The first event is the empty one; it ends when the engine goes away."""
        ...

    def logs(self, runtime_id: str, since_ns: int) -> AsyncIterator[LogLine]:
        """Lines after that moment, as they come, until the container has ended and all of it is read."""
        ...


class Process(Protocol):
    """A command that runs in a container, with a terminal."""

    async def read(self) -> bytes:
        """What it writes; empty when it has ended."""
        ...

    async def write(self, data: bytes) -> None:
        """What is typed."""
        ...

    async def resize(self, columns: int, rows: int) -> None:
        """The terminal's size from now on."""
        ...

    async def end(self, *, ended: bool) -> int | None:
        """Its exit code, if it has ended by itself; one that has not is ended here."""
        ...


class Terminals(Protocol):
    """Where commands are run in containers."""

    async def execute(self, runtime_id: str, command: list[str]) -> Process:
        """Raises EngineError when it cannot be started."""
        ...


class Gauge(Protocol):
    """Where the figures of a running container come from."""

    async def stats(self, runtime_id: str) -> dict[str, Any]:
        """One sample in Docker's own shape; empty when the container is gone."""
        ...
