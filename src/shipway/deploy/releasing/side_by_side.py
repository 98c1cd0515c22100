"""Several deployments at a time, a thread each: one terminal, one Ctrl-C, one Docker between them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from shipway.deploy.edge.docker import Docker
from shipway.deploy.edge.ecr import RegistryLogin
from shipway.deploy.edge.interruption import Holding, Interruption
from shipway.deploy.edge.progress import Progress
from shipway.deploy.events import Event
from shipway.deploy.planning.actions import BuildImage


class SharedInterruption(Holding):
    """Signals come to the main thread; its answer reaches every deployment at its next opened moment."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: str | None = None
        self._times = 0

    def answered(self, answer: str) -> None:
        """The main thread has asked. `watch` changes nothing."""
        if answer != "watch":
            self._answer = answer
            self._times += 1

    @property
    def leaving(self) -> bool:
        """Nothing more is to be begun."""
        return self._answer is not None

    def check(self) -> None:
        """Each answer interrupts a deployment once, where nothing is left half-done."""
        times = getattr(self._own, "times", None)
        if times is not None and times < self._times and not self.is_held:
            self._own.times = self._times
            raise KeyboardInterrupt

    def asked(self) -> str:
        return self._answer or "watch"

    def begin(self) -> None:
        """In the thread of a deployment, which may have served another before."""
        self._own.times = 0


class SharedProgress(Progress):
    """One reader at a time; a moment, too, at which a deployment may be interrupted. A reader that has left
    says so by an interruption of its own, which is then everybody's.
    """

    def __init__(self, progress: Progress, interruption: SharedInterruption, main: Interruption) -> None:
        self._progress = progress
        self._main = main
        self._interruption = interruption
        self._lock = threading.Lock()
        self._now: dict[str, str] = {}

    def lane(self, name: str) -> Lane:
        """The part that is one deployment's."""
        return Lane(self, name)

    def tell(self, event: Event) -> None:
        with self._lock, self._reader_may_leave():
            self._progress.tell(event)
        self._interruption.check()

    def now(self, text: str) -> None:
        self.now_of("", text)

    def now_of(self, name: str, text: str) -> None:
        """What goes on in one of them, beside what goes on in the others."""
        with self._lock, self._reader_may_leave():
            self._now[name] = text
            parts = (f"{one}: {said}" if one else said for one, said in self._now.items())
            self._progress.now("\n".join(parts))
        self._interruption.check()

    def over(self, name: str) -> None:
        """Nothing goes on in this one any more."""
        with self._lock:
            self._now.pop(name, None)

    @contextmanager
    def _reader_may_leave(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            if not self._interruption.leaving:
                self._interruption.answered(self._main.asked())

    def close(self) -> None:
        with self._lock:
            self._progress.close()


class Lane(Progress):
    """One deployment's way to the reader that all share."""

    def __init__(self, shared: SharedProgress, name: str) -> None:
        self._shared = shared
        self._name = name

    def tell(self, event: Event) -> None:
        self._shared.tell(event)

    def now(self, text: str) -> None:
        self._shared.now_of(self._name, text)

    def close(self) -> None:
        self._shared.close()


class SharedBuilds:
    """The same image is built once and pushed once to a place, however many services have it."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self._lock = threading.Lock()
        self._built: dict[str, str] = {}
        self._pushed: dict[tuple[str, str], str] = {}

    def build(self, action: BuildImage, folder: str, say: Callable[[str], None]) -> str:
        key = f"{folder} {replace(action, container='', reason='')}"
        with self._lock:
            if key not in self._built:
                self._built[key] = self._docker.build(action, folder, say)
            return self._built[key]

    def push(self, image_id: str, reference: str, login: RegistryLogin | None) -> str:
        with self._lock:
            if (image_id, reference) not in self._pushed:
                self._pushed[image_id, reference] = self._docker.push(image_id, reference, login)
            return self._pushed[image_id, reference]
