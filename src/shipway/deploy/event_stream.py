"""A deployment as an iterator of its events: it runs in a thread, its reader takes them from a queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass

from shipway.deploy.edge.docker import DockerCommand
from shipway.deploy.edge.interruption import Holding
from shipway.deploy.edge.pace import RealPace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.events import Event
from shipway.deploy.tools import Tools


@dataclass(frozen=True)
class Finished:
    """The thread's last word: what it raised, if anything."""

    raised: BaseException | None = None


def events_of(run: Callable[[Tools], object]) -> Generator[Event, None, None]:
    """The events of what `run` does; what it raises is raised here."""
    told: queue.SimpleQueue[Event | Finished] = queue.SimpleQueue()
    departure = Departure()
    tools = Tools(DockerCommand(), Telling(told, departure), RealPace(), departure)

    def finish() -> None:
        try:
            run(tools)
        except BaseException as error:
            told.put(Finished(error))
        else:
            told.put(Finished())

    thread = threading.Thread(target=finish, name="shipway-deploy")
    thread.start()
    try:
        while True:
            item = told.get()
            if isinstance(item, Finished):
                break
            yield item
    finally:
        departure.leave()
        thread.join()
    if item.raised is not None:
        raise item.raised


class Departure(Holding):
    """Whether the reader has left; as Ctrl-C does, that counts only where nothing is left half-done."""

    def __init__(self) -> None:
        super().__init__()
        self._left = threading.Event()

    def leave(self) -> None:
        self._left.set()

    def check(self) -> None:
        """A moment at which the deployment may end early."""
        if self._left.is_set() and not self.is_held:
            raise KeyboardInterrupt

    def asked(self) -> str:
        return "detach"


class Telling(Progress):
    """Puts every event where the reader takes it."""

    def __init__(self, told: queue.SimpleQueue[Event | Finished], departure: Departure) -> None:
        self._told = told
        self._departure = departure

    def tell(self, event: Event) -> None:
        self._told.put(event)
        self._departure.check()

    def now(self, text: str) -> None:
        self._departure.check()

    def close(self) -> None:
        return
