"""The parts of a control plane: started in order, stopped in reverse, started again when one dies.

A part that dies is started again after a pause that doubles from half a second to half a minute, and is short
again once the part has lived for a minute. The log and the status tell it, with the part's last words.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, runtime_checkable

import msgspec

from shipway.seams import Clock

logger = logging.getLogger(__name__)

PAUSE_MS_MIN = 500
PAUSE_MS_MAX = 30_000
SETTLED_MS = 60_000


class Part(Protocol):
    """Something that runs as long as the control plane does."""

    @property
    def name(self) -> str:
        """As it is called in the log and the status."""
        ...

    async def start(self) -> None:
        """Returns when the part works; raises a sentence when it cannot."""
        ...

    async def stop(self) -> None:
        """Ends the part. Also called on one that failed to start or that died."""
        ...


@runtime_checkable
class Mortal(Protocol):
    """A part with a process of its own, that may end by itself."""

    async def died(self) -> str:
        """Waits until that happens; says how."""
        ...


Verb = Callable[[], Coroutine[Any, Any, None]]


class Named:
    """Gives a room's own start and stop the name it has among the parts."""

    def __init__(self, name: str, start: Verb, stop: Verb) -> None:
        self.name = name
        self.start = start
        self.stop = stop


class PartStatus(msgspec.Struct, frozen=True, kw_only=True):
    part: str
    state: str = "stopped"  # stopped, running, restarting
    since: int = 0
    restarts: int = 0
    last_words: str | None = None


class Supervised:
    """One part and its life."""

    def __init__(
        self, part: Part, clock: Clock, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.part = part
        self.status = PartStatus(part=part.name)
        self._clock = clock
        self._pause = pause
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.part.start()
        self._became("running")
        if isinstance(self.part, Mortal):
            self._watch = asyncio.create_task(self._keep_alive(self.part), name=f"watch {self.part.name}")

    async def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self.part.stop()
        self._became("stopped")

    async def _keep_alive(self, mortal: Mortal) -> None:
        pause_ms = PAUSE_MS_MIN
        while True:
            words = await mortal.died()
            if self._clock.now_ms() - self.status.since > SETTLED_MS:
                pause_ms = PAUSE_MS_MIN
            while True:
                logger.error("%s It is started again in %.1f s.", _sentence(words), pause_ms / 1000)
                self._became("restarting", words)
                await self._pause(pause_ms / 1000)
                pause_ms = min(PAUSE_MS_MAX, pause_ms * 2)
                try:
                    await self.part.stop()
                    await self.part.start()
                    break
                except Exception as error:
                    words = str(error) or repr(error)
            self.status = msgspec.structs.replace(self.status, restarts=self.status.restarts + 1)
            self._became("running", words)
            logger.info("The %s runs again.", self.part.name)

    def _became(self, state: str, last_words: str | None = None) -> None:
        self.status = msgspec.structs.replace(
            self.status, state=state, since=self._clock.now_ms(), last_words=last_words
        )


class Supervisor:
    """The list and the loop."""

    def __init__(self, parts: list[Part], clock: Clock) -> None:
        self._supervised = [Supervised(part, clock) for part in parts]
        self._started: list[Supervised] = []

    async def start(self) -> None:
        """All or nothing: when a part cannot start, those before it are stopped again."""
        for supervised in self._supervised:
            self._started.append(supervised)
            try:
                await supervised.start()
            except BaseException:
                await self.stop()
                raise

    async def stop(self) -> None:
        while self._started:
            supervised = self._started.pop()
            try:
                await supervised.stop()
            except Exception:
                logger.exception("The %s could not be stopped.", supervised.part.name)

    def statuses(self) -> list[PartStatus]:
        return [supervised.status for supervised in self._supervised]


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else words + "."
