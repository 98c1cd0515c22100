"""A log file of bounded size, written line by line; the last lines are kept at hand for error messages."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from shipway.local.folder import private

SIZE_BYTES_MAX = 4 * 1024 * 1024
LAST_LINES = 20


class LineLog:
    def __init__(self, path: Path, size_bytes_max: int = SIZE_BYTES_MAX) -> None:
        self._path = path
        self._size_bytes_max = size_bytes_max
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "ab", opener=private)

    def write(self, line: str) -> None:
        if self._file.closed:  # a late line of a process that is being stopped
            return
        self.last_lines.append(line)
        self._file.write(line.encode(errors="replace") + b"\n")
        self._file.flush()
        if self._file.tell() > self._size_bytes_max:
            self._rotate()

    def close(self) -> None:
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        os.replace(self._path, self._path.with_name(self._path.name + ".1"))
        self._file = open(self._path, "ab", opener=private)
