"""The log events of the local CloudWatch Logs: groups, streams and events in one SQLite file of their own.

They are kept apart from the state because they are many and worth less: commits are not forced to disk one by
one (synchronous NORMAL), so events survive kill -9 but the last ones may not survive a loss of power. Calls
are synchronous, each is one short transaction. `upkeep` is the exception: it removes old events a few at a
time on a connection of its own, and may run on another thread when there is a file.

A position among events is (timestamp, id): events are read in the order of their timestamps, and in the order
of arrival within one millisecond.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BYTES_MAX = 256 * 1024 * 1024
RETENTION_MS = 7 * 24 * 3600 * 1000
EVENT_OVERHEAD_BYTES = 26  # what CloudWatch Logs adds to each event's size
UPKEEP_BATCH = 1000
BUSY_TIMEOUT_S = 5.0
CHECKPOINT_PAGES = (
    16_000  # 64 MB: a checkpoint waits for the disk, so it is left to upkeep while that keeps up
)
DAY_MS = 24 * 3600 * 1000

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE log_group (
    group_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    retention_days INTEGER, tags TEXT NOT NULL
);
CREATE TABLE log_stream (
    stream_id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL,
    first_event_at INTEGER, last_event_at INTEGER, last_ingestion_at INTEGER,
    stored_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (group_id, name)
);
CREATE TABLE log_event (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT, group_id INTEGER NOT NULL, stream_id INTEGER NOT NULL,
    event_at INTEGER NOT NULL, ingested_at INTEGER NOT NULL, message TEXT NOT NULL
);
CREATE INDEX log_event_by_group ON log_event (group_id, event_at, event_id);
CREATE INDEX log_event_by_stream ON log_event (stream_id, event_at, event_id);
"""

Position = tuple[int, int]
"""(timestamp in ms, event id)."""

FIRST: Position = (-(2**62), -1)
LAST: Position = (2**62, 2**62)


@dataclass(frozen=True, slots=True)
class LogGroup:
    group_id: int
    name: str
    created_at: int
    retention_days: int | None
    tags: dict[str, str]
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class LogStream:
    stream_id: int
    name: str
    created_at: int
    first_event_at: int | None
    last_event_at: int | None
    last_ingestion_at: int | None
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class LogEvent:
    event_id: int
    stream_id: int
    event_at: int
    ingested_at: int
    message: str

    @property
    def position(self) -> Position:
        return self.event_at, self.event_id


GROUP_COLUMNS = """
    group_id, name, created_at, retention_days, tags,
    (SELECT COALESCE(SUM(stored_bytes), 0) FROM log_stream WHERE log_stream.group_id = log_group.group_id)
"""
STREAM_COLUMNS = "stream_id, name, created_at, first_event_at, last_event_at, last_ingestion_at, stored_bytes"
EVENT_COLUMNS = "event_id, stream_id, event_at, ingested_at, message"


class LogEvents:
    """`LogEvents.open(None)` keeps everything in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._subscribers: list[Callable[[], None]] = []
        self._connection = self._connect()
        self._migrate()

    @classmethod
    def open(cls, path: Path | None) -> LogEvents:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path)

    @property
    def in_memory(self) -> bool:
        return self._path is None

    def close(self) -> None:
        self._connection.close()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back after events have arrived: "look", never "what". Returns the function that ends it."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def create_group(self, name: str, tags: dict[str, str], now_ms: int) -> bool:
        """False when there is one of that name."""
        insert = "INSERT OR IGNORE INTO log_group (name, created_at, tags) VALUES (?, ?, ?)"
        return self._connection.execute(insert, (name, now_ms, json.dumps(tags))).rowcount == 1

    def group(self, name: str) -> LogGroup | None:
        return next(iter(self._groups("WHERE name = ?", (name,))), None)

    def groups(self) -> list[LogGroup]:
        """All groups, by name."""
        return self._groups("ORDER BY name", ())

    def _groups(self, condition: str, values: tuple[Any, ...]) -> list[LogGroup]:
        rows = self._connection.execute(
            f"SELECT {GROUP_COLUMNS} FROM log_group {condition}", values
        ).fetchall()
        return [
            LogGroup(group_id, name, created_at, retention_days, json.loads(tags), stored_bytes)
            for group_id, name, created_at, retention_days, tags, stored_bytes in rows
        ]

    def delete_group(self, group: LogGroup) -> None:
        with self._transaction() as connection:
            for table in ("log_event", "log_stream", "log_group"):
                connection.execute(f"DELETE FROM {table} WHERE group_id = ?", (group.group_id,))

    def delete_everything(self) -> None:
        with self._transaction() as connection:
            for table in ("log_event", "log_stream", "log_group"):
                connection.execute(f"DELETE FROM {table}")

    def set_retention(self, group: LogGroup, days: int | None) -> None:
        update = "UPDATE log_group SET retention_days = ? WHERE group_id = ?"
        self._connection.execute(update, (days, group.group_id))

    def set_tags(self, group: LogGroup, tags: dict[str, str]) -> None:
        update = "UPDATE log_group SET tags = ? WHERE group_id = ?"
        self._connection.execute(update, (json.dumps(tags), group.group_id))

    def create_stream(self, group: LogGroup, name: str, now_ms: int) -> bool:
        """False when there is one of that name."""
        insert = "INSERT OR IGNORE INTO log_stream (group_id, name, created_at) VALUES (?, ?, ?)"
        return self._connection.execute(insert, (group.group_id, name, now_ms)).rowcount == 1

    def stream(self, group: LogGroup, name: str) -> LogStream | None:
        select = f"SELECT {STREAM_COLUMNS} FROM log_stream WHERE group_id = ? AND name = ?"
        row = self._connection.execute(select, (group.group_id, name)).fetchone()
        return LogStream(*row) if row else None

    def streams(self, group: LogGroup) -> list[LogStream]:
        """All streams of a group, by name."""
        select = f"SELECT {STREAM_COLUMNS} FROM log_stream WHERE group_id = ? ORDER BY name"
        return [LogStream(*row) for row in self._connection.execute(select, (group.group_id,))]

    def delete_stream(self, stream: LogStream) -> None:
        with self._transaction() as connection:
            for table in ("log_event", "log_stream"):
                connection.execute(f"DELETE FROM {table} WHERE stream_id = ?", (stream.stream_id,))

    def put(self, group: LogGroup, stream: LogStream, events: Sequence[tuple[int, str]], now_ms: int) -> None:
        """Appends (timestamp, message) pairs, all in one transaction."""
        if not events:
            return
        size = sum(len(message.encode()) + EVENT_OVERHEAD_BYTES for _, message in events)
        moments = [event_at for event_at, _ in events]
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO log_event (group_id, stream_id, event_at, ingested_at, message)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (group.group_id, stream.stream_id, event_at, now_ms, message)
                    for event_at, message in events
                ],
            )
            connection.execute(
                "UPDATE log_stream SET first_event_at = MIN(COALESCE(first_event_at, ?1), ?1),"
                " last_event_at = MAX(COALESCE(last_event_at, ?2), ?2), last_ingestion_at = ?3,"
                " stored_bytes = stored_bytes + ?4 WHERE stream_id = ?5",
                (min(moments), max(moments), now_ms, size, stream.stream_id),
            )
        for callback in list(self._subscribers):
            callback()

    def read(self, stream: LogStream, after: Position, before: Position, limit: int) -> list[LogEvent]:
        """The first events of a stream strictly between two positions, oldest first."""
        return self._events("stream_id", stream.stream_id, (after, before), "ASC", limit)

    def read_back(self, stream: LogStream, after: Position, before: Position, limit: int) -> list[LogEvent]:
        """The last events of a stream strictly between two positions, oldest first."""
        return self._events("stream_id", stream.stream_id, (after, before), "DESC", limit)[::-1]

    def read_group(self, group: LogGroup, after: Position, before: Position, limit: int) -> list[LogEvent]:
        """The first events of all streams of a group strictly between two positions, oldest first."""
        return self._events("group_id", group.group_id, (after, before), "ASC", limit)

    def _events(
        self, column: str, owner: int, between: tuple[Position, Position], order: str, limit: int
    ) -> list[LogEvent]:
        rows = self._connection.execute(
            f"SELECT {EVENT_COLUMNS} FROM log_event WHERE {column} = ?"
            " AND (event_at, event_id) > (?, ?) AND (event_at, event_id) < (?, ?)"
            f" ORDER BY event_at {order}, event_id {order} LIMIT ?",
            (owner, *between[0], *between[1], limit),
        )
        return [LogEvent(*row) for row in rows]

    def upkeep(self, now_ms: int, bytes_max: int = BYTES_MAX) -> int:
        """Removes events past their retention, then the oldest until the rest fits; returns how many went."""
        if self._path is None:  # one connection for all: only the store's own thread may use it
            return remove_old(self._connection, now_ms, bytes_max)
        with closing(self._connect()) as connection:
            removed = remove_old(connection, now_ms, bytes_max)
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return removed

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path or ":memory:", isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        return connection

    def _migrate(self) -> None:
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise RuntimeError(
                f"The log file {self._path} has schema {version}, this Shipway knows {SCHEMA_VERSION}: "
                "it was written by a newer version. Use that version, or `shipway local reset` to start over."
            )
        if version == 0:
            script = f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            self._connection.executescript(script)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with transaction(self._connection) as connection:
            yield connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def remove_old(connection: sqlite3.Connection, now_ms: int, bytes_max: int) -> int:
    return sum(remove_expired(connection, now_ms)) + sum(remove_surplus(connection, bytes_max))


def remove_expired(connection: sqlite3.Connection, now_ms: int) -> Iterator[int]:
    """Each group's events older than its own retention, or than the default."""
    for group_id, days in connection.execute("SELECT group_id, retention_days FROM log_group").fetchall():
        oldest_ms = now_ms - (RETENTION_MS if days is None else days * DAY_MS)
        while removed := remove_events(
            connection, "WHERE group_id = ? AND event_at < ?", (group_id, oldest_ms)
        ):
            yield removed


def remove_surplus(connection: sqlite3.Connection, bytes_max: int) -> Iterator[int]:
    """The events that came first, until what is left fits."""
    size = "SELECT COALESCE(SUM(stored_bytes), 0) FROM log_stream"
    while connection.execute(size).fetchone()[0] > bytes_max:
        removed = remove_events(connection, "", ())
        if not removed:
            return
        yield removed


def remove_events(connection: sqlite3.Connection, condition: str, values: tuple[Any, ...]) -> int:
    """One batch of the oldest events that meet the condition, in one transaction: writers get in between."""
    with transaction(connection):
        rows = connection.execute(
            f"SELECT event_id, stream_id, LENGTH(CAST(message AS BLOB)) FROM log_event {condition}"
            " ORDER BY event_id LIMIT ?",
            (*values, UPKEEP_BATCH),
        ).fetchall()
        freed: dict[int, int] = {}
        for _, stream_id, size in rows:
            freed[stream_id] = freed.get(stream_id, 0) + size + EVENT_OVERHEAD_BYTES
        connection.executemany("DELETE FROM log_event WHERE event_id = ?", [(row[0],) for row in rows])
        connection.executemany(
            "UPDATE log_stream SET stored_bytes = MAX(0, stored_bytes - ?) WHERE stream_id = ?",
            [(size, stream_id) for stream_id, size in freed.items()],
        )
    return len(rows)
