"""Ctrl-C and SIGTERM: noted while a change is under way, asked about on a terminal, left elsewhere.

An exception out of nowhere between "ECS has begun" and "the watch has begun" would lose sight of the
deployment. So while something is `held` a signal is only noted, and it counts at the next `opened` moment,
which is every pause of a watch. A second one means it: it is raised wherever we are.
"""

from __future__ import annotations

import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Protocol

PROMPT = "\nThe deployment goes on. d: detach, r: roll back, Enter: keep watching > "


class Interruption(Protocol):
    """What to do when the user presses Ctrl-C during a watch."""

    def held(self) -> AbstractContextManager[None]:
        """From the change at ECS to the verdict: signals wait for an opened moment."""
        ...

    def opened(self) -> AbstractContextManager[None]:
        """A moment at which KeyboardInterrupt may be raised."""
        ...

    def asked(self) -> str:
        """`watch`, `detach` or `roll back`; `leave` where nobody can be asked."""
        ...


class Holding(ABC):
    """What is held and what is opened, each thread for itself: a release has a thread a deployment."""

    def __init__(self) -> None:
        self._own = threading.local()

    @property
    def is_held(self) -> bool:
        return bool(getattr(self._own, "held", False))

    @abstractmethod
    def check(self) -> None:
        """Raises KeyboardInterrupt when one is due; called at each opened moment."""

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._being(held=True):
            yield

    @contextmanager
    def opened(self) -> Iterator[None]:
        with self._being(held=False):
            self.check()
            yield

    @contextmanager
    def _being(self, *, held: bool) -> Iterator[None]:
        before = self.is_held
        self._own.held = held
        try:
            yield
        finally:
            self._own.held = before


class TerminalInterruption(Holding):
    """Asks the user; where nobody can answer, leaves the deployment to itself."""

    def __init__(self) -> None:
        super().__init__()
        self._noted = False
        self._terminated = False

    def listen(self) -> None:
        """SIGTERM (a CI job that is cancelled) interrupts as Ctrl-C does."""
        signal.signal(signal.SIGINT, self._pressed)
        signal.signal(signal.SIGTERM, self._pressed)

    def check(self) -> None:
        if self._noted:
            self._noted = False
            raise KeyboardInterrupt

    def asked(self) -> str:
        if self._terminated or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return "leave"
        try:
            with self.opened():
                print(PROMPT, end="", file=sys.stderr, flush=True)
                answer = sys.stdin.readline()
        except KeyboardInterrupt:
            # Pressed again: whoever does that wants to be out.
            print(file=sys.stderr)
            return "detach"
        if not answer or answer.strip().lower().startswith("d"):
            return "detach"
        return "roll back" if answer.strip().lower().startswith("r") else "watch"

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        self._terminated = self._terminated or number == signal.SIGTERM
        if self.is_held and not self._noted:
            self._noted = True
            return
        self._noted = False
        raise KeyboardInterrupt
