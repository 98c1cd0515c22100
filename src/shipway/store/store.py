"""The store: state in memory, every change also in SQLite.

A transaction is synchronous and short, on the event loop's thread. It applies to memory at once and is
handed to the record file when it commits; an exception inside it undoes it whole. Who acknowledges a write,
or acts on one, first awaits `durable()`. Should the disk refuse, the store raises on every later use: memory
is then ahead of the record, and only a restart from the record tells the truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar, cast

import msgspec

from shipway.model.record import Record
from shipway.store.kinds import KINDS
from shipway.store.record_file import RecordFile, Row
from shipway.store.table import Table

R = TypeVar("R", bound=Record)


class Reads(Protocol):
    """What can be asked of the state, inside a transaction and outside."""

    def get(self, kind: type[R], key: str) -> R | None: ...

    def all(self, kind: type[R]) -> list[R]: ...

    def by(self, kind: type[R], index: str, value: object) -> list[R]: ...

    def count_by(self, kind: type[R], index: str, value: object) -> int: ...


class State:
    """The records in memory. Reading touches no disk."""

    def __init__(self) -> None:
        self._tables: dict[type[Record], Table[Record]] = {kind: Table(kind) for kind in KINDS}

    def table(self, kind: type[R]) -> Table[R]:
        return cast("Table[R]", self._tables[kind])

    def get(self, kind: type[R], key: str) -> R | None:
        return self.table(kind).rows.get(key)

    def all(self, kind: type[R]) -> list[R]:
        return self.table(kind).all()

    def by(self, kind: type[R], index: str, value: object) -> list[R]:
        return self.table(kind).by(index, value)

    def count_by(self, kind: type[R], index: str, value: object) -> int:
        return self.table(kind).count_by(index, value)


class Transaction(State):
    """Reads see what the transaction has written. `put` and `delete` are undone together or kept together."""

    def __init__(self, state: State) -> None:
        self._tables = state._tables
        self._undo: list[tuple[type[Record], str, Record | None]] = []
        self._changed: dict[tuple[type[Record], str], Record | None] = {}

    def put(self, record: Record) -> None:
        self._set(type(record), record.key, record)

    def delete(self, kind: type[Record], key: str) -> None:
        self._set(kind, key, None)

    def _set(self, kind: type[Record], key: str, record: Record | None) -> None:
        self._undo.append((kind, key, self._tables[kind].put(key, record)))
        self._changed[kind, key] = record

    def undo(self) -> None:
        for kind, key, before in reversed(self._undo):
            self._tables[kind].put(key, before)

    def rows(self) -> list[Row]:
        return [
            (kind.__name__, key, None if record is None else msgspec.json.encode(record))
            for (kind, key), record in self._changed.items()
        ]

    @property
    def changed(self) -> bool:
        return bool(self._changed)


class StoreFailedError(Exception):
    """The record file could not be written; the process must be restarted."""


class Store:
    """One control plane's memory. `Store.open(None)` keeps nothing on disk."""

    def __init__(self) -> None:
        self.state = State()
        self.commits = 0  # counts transactions that changed something: "did anything happen since?"
        self._file: RecordFile | None = None
        self._handed = 0
        self._written = 0
        self._failure: Exception | None = None
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._subscribers: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def open(cls, path: Path | None) -> Store:
        store = cls()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            store._file = RecordFile(path, store._on_written, store._on_failure)
            kinds = {kind.__name__: kind for kind in KINDS}
            for kind_name, key, body in store._file.load():
                kind = kinds[kind_name]
                store.state.table(kind).put(key, msgspec.json.decode(body, type=kind))
        return store

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self._failure is not None:
            raise StoreFailedError(
                f"The state could not be written to disk: {self._failure}"
            ) from self._failure
        transaction = Transaction(self.state)
        try:
            yield transaction
        except BaseException:
            transaction.undo()
            raise
        if not transaction.changed:
            return
        self.commits += 1
        if self._file is not None:
            self._handed = self._file.append(transaction.rows())
        for callback in list(self._subscribers):
            callback()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back after every commit, on the committing thread. Returns the function that ends it."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def durable(self) -> None:
        """Returns when everything committed so far survives kill -9 and power loss."""
        if self._file is None or self._written >= self._handed:
            return
        self._loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append((self._handed, waiter))
        if (
            self._written >= self._handed or self._failure is not None
        ):  # the writer was quicker than this line
            self._release()
        await waiter

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _on_written(self, sequence: int) -> None:  # on the writer's thread
        self._written = sequence
        self._wake()

    def _on_failure(self, failure: Exception) -> None:  # on the writer's thread
        self._failure = failure
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        still_waiting: list[tuple[int, asyncio.Future[None]]] = []
        for sequence, waiter in self._waiters:
            if waiter.done():
                continue
            if sequence <= self._written:
                waiter.set_result(None)
            elif self._failure is not None:
                waiter.set_exception(
                    StoreFailedError(f"The state could not be written to disk: {self._failure}")
                )
            else:
                still_waiting.append((sequence, waiter))
        self._waiters = still_waiting
