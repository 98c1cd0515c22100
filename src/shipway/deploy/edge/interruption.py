"""Ctrl-C and SIGTERM during a watch: ask on a terminal, detach elsewhere."""

from __future__ import annotations

import signal
import sys
from types import FrameType

PROMPT = "\nThe deployment goes on. d: detach, r: roll back, Enter: keep watching > "


class TerminalInterruption:
    """Asks the user; where nobody can answer, detaches."""

    def __init__(self) -> None:
        self._terminated = False

    def listen(self) -> None:
        """Make SIGTERM (a CI job that is cancelled) interrupt the watch as Ctrl-C does."""
        signal.signal(signal.SIGTERM, self._terminate)

    def asked(self) -> str:
        if self._terminated or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return "detach"
        try:
            print(PROMPT, end="", file=sys.stderr, flush=True)
            answer = sys.stdin.readline().strip().lower()
        except KeyboardInterrupt:
            # Pressed again: whoever does that wants to be out.
            return "detach"
        if answer.startswith("d"):
            return "detach"
        return "roll back" if answer.startswith("r") else "watch"

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True
        raise KeyboardInterrupt
