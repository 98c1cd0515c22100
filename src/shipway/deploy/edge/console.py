"""This terminal as a session's: raw while it lasts, and always put back. Or a pipe, read to its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

END_OF_INPUT = b"\x04"
READ_BYTES = 4096


class TerminalConsole:
    """Keys go as they are, Ctrl-C too; the size is the window's."""

    def read(self) -> bytes:
        return os.read(sys.stdin.fileno(), READ_BYTES)

    def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def size(self) -> tuple[int, int] | None:
        found = os.get_terminal_size(sys.stdout.fileno())
        return found.columns, found.lines


class PipeConsole:
    """What is piped in is typed, and Ctrl-D after it; the terminal in the container ends lines with CR LF."""

    def __init__(self, *, keep: bool = False) -> None:
        self._typed = False
        self._ended = False
        self.kept: list[bytes] | None = [] if keep else None

    def read(self) -> bytes:
        if self._ended:
            return b""
        data = os.read(sys.stdin.fileno(), READ_BYTES)
        if data:
            self._typed = True
            return data
        self._ended = True
        return END_OF_INPUT if self._typed else b""

    def write(self, data: bytes) -> None:
        if self.kept is not None:
            self.kept.append(data)
            return
        sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
        sys.stdout.buffer.flush()

    def size(self) -> tuple[int, int] | None:
        return None

    def text(self) -> str:
        return b"".join(self.kept or ()).replace(b"\r\n", b"\n").decode(errors="replace")


def on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def raw_terminal() -> Iterator[None]:
    """Whatever happens, the terminal is afterwards as it was."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
