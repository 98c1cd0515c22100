"""Ctrl-C, SIGTERM and SIGHUP: the first one ends the rehearsal, and clearing up is not disturbed by any."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], Any] | int | None


class Interrupted(BaseException):
    """The user wants to be out. No `except` for errors may take it for one."""


@contextmanager
def signals_end() -> Iterator[None]:
    """While this lasts, a signal raises Interrupted wherever we are; those after it do nothing."""
    noted = False

    def heard(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        if not noted:
            noted = True
            raise Interrupted

    with _handled_by(heard):
        yield


@contextmanager
def signals_wait() -> Iterator[None]:
    """While this lasts, signals do nothing."""
    with _handled_by(lambda number, frame: None):
        yield


@contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread only
        return
    before = {number: signal.signal(number, handler) for number in NUMBERS}
    try:
        yield
    finally:
        for number, kept in before.items():
            signal.signal(number, kept)


class EndingInterruption:
    """A deployment under rehearsal is not asked about: a signal ends all of it."""

    held = opened = staticmethod(nullcontext)

    def asked(self) -> str:
        raise Interrupted
