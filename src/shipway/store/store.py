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
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Record
from shipway.model.task import Task
from shipway.store.kinds import KINDS
from shipway.store.ledger import AddressLedger, FleetLedger
from shipway.store.record_file import DurableRows, RecordFile, Row
from shipway.store.table import Table

R = TypeVar("R", bound=Record)


class Reads(Protocol):
    """What can be asked of the state, inside a transaction and outside."""

    @property
    def fleets(self) -> FleetLedger: ...

    def get(self, kind: type[R], key: str) -> R | None: ...

    def all(self, kind: type[R]) -> list[R]: ...

    def by(self, kind: type[R], index: str, value: object) -> list[R]: ...

    def count_by(self, kind: type[R], index: str, value: object) -> int: ...


class Change(NamedTuple):
    """What a commit did to one record. None: it was not there before, or is not there any more."""

    kind: type[Record]
    key: str
    before: Record | None
    after: Record | None


Subscriber = Callable[[tuple[Change, ...]], None]


class State:
    """The records in memory, and the ledgers that follow them. Reading touches no disk."""

    def __init__(self) -> None:
        self._tables: dict[type[Record], Table[Any]] = {kind: Table(kind) for kind in KINDS}
        self.fleets = FleetLedger()
        self.addresses = AddressLedger(lambda: self.table(Task).values("network_address"))

    def table(self, kind: type[R]) -> Table[R]:
        table: Table[R] = self._tables[kind]
        return table

    def get(self, kind: type[R], key: str) -> R | None:
        rows: dict[str, R] = self._tables[kind].rows
        return rows.get(key)

    def all(self, kind: type[R]) -> list[R]:
        return self.table(kind).all()

    def by(self, kind: type[R], index: str, value: object) -> list[R]:
        found: list[R] = self._tables[kind].by(index, value)
        return found

    def count_by(self, kind: type[R], index: str, value: object) -> int:
        return self.table(kind).count_by(index, value)

    def _replace(self, kind: type[Record], key: str, record: Record | None) -> Record | None:
        """The one way in: tables and ledgers change together. Returns what was there before."""
        before: Record | None = self._tables[kind].put(key, record)
        self._note(kind, before, record)
        return before

    def _note(self, kind: type[Record], before: Any, after: Any) -> None:
        if kind is Task:
            self.fleets.note_task(before, after)
            self.addresses.note(before, after)
        elif kind is ContainerInstance:
            self.fleets.note_instance(before, after)

    def load(self, record: Record) -> None:
        self._replace(type(record), record.key, record)


class Transaction(State):
    """Reads see what the transaction has written. `put` and `delete` are undone together or kept together."""

    def __init__(self, state: State) -> None:
        self._tables, self.fleets, self.addresses = state._tables, state.fleets, state.addresses
        self._undo: list[tuple[type[Record], str, Record | None]] = []
        self._before: dict[tuple[type[Record], str], Record | None] = {}

    def put(self, record: Record) -> None:
        self._set(type(record), record.key, record)

    def delete(self, kind: type[Record], key: str) -> None:
        self._set(kind, key, None)

    def _set(self, kind: type[Record], key: str, record: Record | None) -> None:
        before = self._replace(kind, key, record)
        self._undo.append((kind, key, before))
        self._before.setdefault((kind, key), before)

    def undo(self) -> None:
        for kind, key, before in reversed(self._undo):
            self._replace(kind, key, before)

    def changes(self) -> tuple[Change, ...]:
        """Each record that it touched, once: as it was before the transaction and as it is now."""
        return tuple(
            Change(kind, key, before, self._tables[kind].rows.get(key))
            for (kind, key), before in self._before.items()
        )


def row_of(change: Change) -> Row:
    body = None if change.after is None else msgspec.json.encode(change.after)
    return change.kind.__name__, change.key, body


class StoreFailedError(Exception):
    """The record file could not be written; the process must be restarted."""


class Store:
    """One control plane's memory. `Store.open(None)` keeps nothing on disk."""

    def __init__(self) -> None:
        self.state = State()
        self.commits = 0  # counts transactions that changed something: "did anything happen since?"
        self._file: DurableRows | None = None
        self._handed = 0
        self._written = 0
        self._failure: Exception | None = None
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._subscribers: list[Subscriber] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def open(cls, path: Path | None) -> Store:
        if path is None:
            return cls()
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls.of(RecordFile(path))

    @classmethod
    def of(cls, rows: DurableRows) -> Store:
        """What these rows remember, and every change from now on in them."""
        store = cls()
        store._file = rows
        kinds = {kind.__name__: kind for kind in KINDS}
        for kind_name, _, body in rows.load(store._on_written, store._on_failure):
            store.state.load(msgspec.json.decode(body, type=kinds[kind_name]))
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
        changes = transaction.changes()
        if not changes:
            return
        self.commits += 1
        if self._file is not None:
            self._handed = self._file.append([row_of(change) for change in changes])
        for callback in list(self._subscribers):
            callback(changes)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Calls back after every commit with what it changed, on the committing thread. Returns the function
        that ends it.
        """
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
