"""The record file without a thread: rows in memory, an fsync that takes its time on the event loop.

As the real one it syncs everything that gathered since its last sync in one go. When the process is killed,
some of what was handed over may have reached the disk without anybody being told: the oldest `survivors`
transactions. A file outlives its processes: each opens it anew with `Disk.open`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from shipway.store.record_file import OnFailure, OnWritten, Row

Rows = dict[tuple[str, str], bytes]


class Disk:
    """What would be found after a power cut."""

    def __init__(self, fsync_ms: Callable[[], float]) -> None:
        self.rows: Rows = {}
        self.fsync_ms = fsync_ms

    def open(self) -> DiskFile:
        return DiskFile(self)

    def write(self, rows: list[Row]) -> None:
        for kind, key, body in rows:
            if body is None:
                self.rows.pop((kind, key), None)
            else:
                self.rows[kind, key] = body


class DiskFile:
    """The record file as one process has it open."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._waiting: list[list[Row]] = []
        self._sequence = 0
        self._syncing = False
        self._closed = False
        self._on_written: OnWritten = lambda sequence: None

    def load(self, on_written: OnWritten, on_failure: OnFailure) -> list[tuple[str, str, bytes]]:
        self._on_written = on_written
        return [(kind, key, body) for (kind, key), body in self._disk.rows.items()]

    def append(self, rows: list[Row]) -> int:
        self._sequence += 1
        if self._closed:
            return self._sequence  # the last words of a process that is being killed
        self._waiting.append(rows)
        if not self._syncing:
            self._sync()
        return self._sequence

    def close(self) -> None:
        self._settle(len(self._waiting))
        self._closed = True

    @property
    def unsynced(self) -> int:
        """How many transactions a kill could lose."""
        return len(self._waiting)

    def kill(self, survivors: int) -> None:
        self._settle(survivors)
        self._waiting.clear()
        self._closed = True

    def _sync(self) -> None:
        self._syncing = True
        loop: Any = asyncio.get_running_loop()
        loop.call_later(self._disk.fsync_ms() / 1000, self._synced, self._sequence)

    def _synced(self, sequence: int) -> None:
        self._syncing = False
        if self._closed:
            return
        self._settle(sequence - (self._sequence - len(self._waiting)))
        self._on_written(sequence)
        if self._waiting:
            self._sync()

    def _settle(self, count: int) -> None:
        for rows in self._waiting[:count]:
            self._disk.write(rows)
        del self._waiting[:count]
