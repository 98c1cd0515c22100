"""Progress on stderr: a live line on a terminal, a line per change elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Protocol, TextIO


class Progress(Protocol):
    """Where a deployment says what it is doing."""

    def say(self, line: str) -> None:
        """Something happened; it stays to be read."""
        ...

    def now(self, text: str) -> None:
        """What is going on at the moment; the next word replaces it."""
        ...

    def close(self) -> None:
        """No more to say: leave the terminal clean."""
        ...


class PlainProgress:
    """A line per change, each with the time since the start."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._started = time.monotonic()

    def say(self, line: str) -> None:
        print(f"[{time.monotonic() - self._started:6.1f}s] {line}", file=self._stream, flush=True)

    def now(self, text: str) -> None:
        return

    def close(self) -> None:
        return


class LiveProgress:
    """The same lines, and below them what is going on at the moment."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._started = time.monotonic()
        self._status: Any = None

    def say(self, line: str) -> None:
        from rich.text import Text

        elapsed = f"[{time.monotonic() - self._started:6.1f}s] "
        # Not wrapped: whoever copies an ARN wants it whole.
        self._console.print(Text.assemble((elapsed, "dim"), line), soft_wrap=True)

    def now(self, text: str) -> None:
        from rich.text import Text

        line = Text(text, no_wrap=True, overflow="ellipsis")
        if self._status is None:
            self._status = self._console.status(line)
            self._status.start()
        else:
            self._status.update(line)

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def open_progress() -> Progress:
    live = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
    return LiveProgress() if live else PlainProgress()
