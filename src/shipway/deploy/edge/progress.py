"""Progress on stderr: a live line on a terminal, a line per change elsewhere."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from typing import Any, Protocol, TextIO

from shipway.deploy.events import Ended, Event, Failed, Note, ReleaseEnded


class Progress(Protocol):
    """Who reads the events of a deployment."""

    several: bool = False

    def of_several(self) -> None:
        """The events to come are of several services: tell of which each is."""
        self.several = True

    def tell(self, event: Event) -> None:
        """Something happened; it stays to be read."""
        ...

    def now(self, text: str) -> None:
        """What is going on at the moment; the next word replaces it."""
        ...

    def close(self) -> None:
        """No more to tell: leave the terminal clean."""
        ...

    def say(self, sentence: str) -> None:
        """Tell what has no event of its own."""
        self.tell(Note(sentence))


class OfService(Progress):
    """The same reader, of events that all are one service's."""

    def __init__(self, progress: Progress, service: str) -> None:
        self._progress = progress
        self._service = service

    def tell(self, event: Event) -> None:
        self._progress.tell(replace(event, service=self._service))

    def now(self, text: str) -> None:
        self._progress.now(text)

    def close(self) -> None:
        self._progress.close()


class EventLines(Progress):
    """Every event as a line of JSON with the moment (epoch milliseconds), beside another reader."""

    def __init__(self, beside: Progress, stream: TextIO) -> None:
        self._beside = beside
        self._stream = stream

    def of_several(self) -> None:
        self._beside.of_several()

    def tell(self, event: Event) -> None:
        print(json_line(event), file=self._stream, flush=True)
        self._beside.tell(event)

    def now(self, text: str) -> None:
        self._beside.now(text)

    def close(self) -> None:
        self._beside.close()


class PlainProgress(Progress):
    """A line per change, each with the time since the start."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._started = time.monotonic()

    def tell(self, event: Event) -> None:
        line = event_line(event, several=self.several)
        if line:
            print(f"[{time.monotonic() - self._started:6.1f}s] {line}", file=self._stream, flush=True)

    def now(self, text: str) -> None:
        return

    def close(self) -> None:
        return


class LiveProgress(Progress):
    """The same lines, and below them what is going on at the moment."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._started = time.monotonic()
        self._status: Any = None

    def tell(self, event: Event) -> None:
        from rich.text import Text

        line = event_line(event, several=self.several)
        if not line:
            return
        elapsed = f"[{time.monotonic() - self._started:6.1f}s] "
        # Not wrapped: whoever copies an ARN wants it whole.
        self._console.print(Text.assemble((elapsed, "dim"), line), soft_wrap=True)

    def now(self, text: str) -> None:
        lines = cut_to_width(text)
        if self._status is None:
            self._status = self._console.status(lines)
            self._status.start()
        else:
            self._status.update(lines)

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def cut_to_width(text: str) -> Any:
    """Beside a spinner: lines that are too long end in an ellipsis, for what wraps jumps up and down."""
    from rich.padding import Padding
    from rich.text import Text

    # A Text of its own would be put into the spinner's, which wraps.
    return Padding(Text(text, no_wrap=True, overflow="ellipsis"), 0)


def json_line(event: Event) -> str:
    """The event's document with the moment at which it was told."""
    return json.dumps({"atMs": time.time_ns() // 1_000_000, **event.as_document()}, default=str)


def event_line(event: Event, *, several: bool = False) -> str:
    """The verdict is the verb's own last word, on stdout."""
    if isinstance(event, Ended | ReleaseEnded | Failed):
        return ""
    text = event.text()
    return f"{event.service}: {text}" if several and text and event.service else text


def open_progress() -> Progress:
    live = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
    return LiveProgress() if live else PlainProgress()
