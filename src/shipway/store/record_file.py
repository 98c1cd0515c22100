"""The durable record: one SQLite file, written by one thread that lets many transactions share one fsync.

The event loop's thread hands over changes as rows and goes on; the writer takes everything that has gathered
since its last commit and writes it in one transaction. It is told at the end of the event loop's turn, so
that all requests that one turn serves share one commit. `sequence` counts the batches handed over; a caller
that must not answer before its write is safe waits until the writer has passed its number.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Protocol

Row = tuple[str, str, bytes | None]
"""Kind, key and JSON body; None as a body removes the row."""


OnWritten = Callable[[int], None]
OnFailure = Callable[[Exception], None]


class DurableRows(Protocol):
    """Where the store's rows survive; the simulator brings its own."""

    def load(self, on_written: OnWritten, on_failure: OnFailure) -> list[tuple[str, str, bytes]]:
        """Every row. Called once, before any append; the callbacks may come on any thread."""
        ...

    def append(self, rows: list[Row]) -> int:
        """Takes the rows of one transaction; `on_written` passes the number returned when they are safe."""
        ...

    def close(self) -> None:
        """Writes what is waiting, and ends."""
        ...


class RecordFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._on_written: OnWritten = lambda sequence: None
        self._on_failure: OnFailure = lambda failure: None
        self._waiting: list[Row] = []
        self._sequence = 0
        self._told = False
        self._closed = False
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="record-file", daemon=True)

    def load(self, on_written: OnWritten, on_failure: OnFailure) -> list[tuple[str, str, bytes]]:
        """Brings the schema up to date and returns every row."""
        self._on_written, self._on_failure = on_written, on_failure
        connection = self._connect()
        try:
            migrate(connection)
            rows = connection.execute("SELECT kind, key, body FROM record").fetchall()
        finally:
            connection.close()
        self._thread.start()
        return rows

    def append(self, rows: list[Row]) -> int:
        """Hands rows to the writer; returns the number to wait for."""
        with self._condition:
            self._waiting.extend(rows)
            self._sequence += 1
            sequence = self._sequence
        at_end_of_turn(self._tell)
        return sequence

    def _tell(self) -> None:
        with self._condition:
            if self._waiting:
                self._told = True
                self._condition.notify()

    def close(self) -> None:
        """Writes what is waiting, then ends the thread."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _write(self) -> None:
        try:
            connection = self._connect()
            while True:
                with self._condition:
                    self._condition.wait_for(lambda: self._told or self._closed)
                    rows, self._waiting, sequence = self._waiting, [], self._sequence
                    self._told = False
                if not rows:
                    break
                write_rows(connection, rows)
                self._on_written(sequence)
            connection.close()
        except Exception as failure:
            self._on_failure(failure)


def at_end_of_turn(callback: Callable[[], None]) -> None:
    """At once where no event loop runs."""
    try:
        asyncio.get_running_loop().call_soon(callback)
    except RuntimeError:
        callback()


def write_rows(connection: sqlite3.Connection, rows: list[Row]) -> None:
    latest = {(kind, key): body for kind, key, body in rows}
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO record (kind, key, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body=excluded.body",
        [(kind, key, body) for (kind, key), body in latest.items() if body is not None],
    )
    connection.executemany(
        "DELETE FROM record WHERE kind = ? AND key = ?",
        [name for name, body in latest.items() if body is None],
    )
    connection.execute("COMMIT")


def migrate(connection: sqlite3.Connection) -> None:
    """Applies the numbered schema files that this file has not seen, each in one transaction with its
    number.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    scripts = sorted(
        (entry for entry in (files("shipway.store") / "schema").iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    if version > len(scripts):
        raise NewerSchemaError(version, len(scripts))
    for number, script in enumerate(scripts, start=1):
        if number > version:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script.read_text()}; PRAGMA user_version = {number}; COMMIT;"
            )


class NewerSchemaError(Exception):
    """The file was written by a newer Shipway."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The state file has schema {found}, this Shipway knows {known}: a newer version wrote it. "
            "Use that version, or `shipway local reset` to start over."
        )
