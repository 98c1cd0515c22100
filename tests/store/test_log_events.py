"""The log events' own file: it outlives its process, and stays within its bounds."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from shipway.store.log_events import DAY_MS, FIRST, LAST, RETENTION_MS, LogEvents, LogGroup, LogStream

NOW_MS = 1_700_000_000_000


def a_stream(log_events: LogEvents, name: str = "s") -> tuple[LogGroup, LogStream]:
    log_events.create_group("g", {}, NOW_MS)
    group = log_events.group("g")
    assert group is not None
    log_events.create_stream(group, name, NOW_MS)
    stream = log_events.stream(group, name)
    assert stream is not None
    return group, stream


def messages(log_events: LogEvents, stream: LogStream) -> list[str]:
    return [event.message for event in log_events.read(stream, FIRST, LAST, 10_000)]


def test_events_are_there_after_a_restart(tmp_path: Path) -> None:
    """What was put is read by the next process, without a close in between."""
    first = LogEvents.open(tmp_path / "data" / "logs.sqlite")
    group, stream = a_stream(first)
    first.put(group, stream, [(NOW_MS, "hello"), (NOW_MS, "wörld")], NOW_MS)
    second = LogEvents.open(tmp_path / "data" / "logs.sqlite")
    assert messages(second, a_stream(second)[1]) == ["hello", "wörld"]
    assert second.groups()[0].stored_bytes == 5 + 6 + 2 * 26
    first.close()
    second.close()


def test_old_events_go_by_their_groups_retention() -> None:
    """A group's own retention rules; without one it is seven days."""
    log_events = LogEvents.open(None)
    group, stream = a_stream(log_events)
    ages = [RETENTION_MS + 1, RETENTION_MS - 1, DAY_MS + 1, 0]
    log_events.put(group, stream, [(NOW_MS - age, str(age)) for age in ages], NOW_MS)
    assert log_events.upkeep(NOW_MS) == 1
    assert messages(log_events, stream) == [str(age) for age in ages[1:]]
    log_events.set_retention(group, 1)
    assert log_events.upkeep(NOW_MS) == 2
    assert messages(log_events, stream) == ["0"]
    log_events.close()


def test_the_file_stays_within_its_size() -> None:
    """What came first goes first, until the rest fits."""
    log_events = LogEvents.open(None)
    group, stream = a_stream(log_events)
    log_events.put(group, stream, [(NOW_MS, "x" * 974)] * 5000, NOW_MS)
    assert log_events.upkeep(NOW_MS, bytes_max=2_500_000) == 3000
    assert log_events.groups()[0].stored_bytes == 2000 * 1000
    assert log_events.upkeep(NOW_MS, bytes_max=2_500_000) == 0
    log_events.close()


def test_upkeep_may_run_beside_writers(tmp_path: Path) -> None:
    """Another thread's upkeep and this thread's writes do not fail each other."""
    log_events = LogEvents.open(tmp_path / "logs.sqlite")
    group, stream = a_stream(log_events)
    log_events.put(group, stream, [(NOW_MS - DAY_MS * 8, "old")] * 20_000, NOW_MS)
    removed: list[int] = []
    upkeep = threading.Thread(target=lambda: removed.append(log_events.upkeep(NOW_MS)))
    upkeep.start()
    for number in range(200):
        log_events.put(group, stream, [(NOW_MS + number, "new")], NOW_MS)
    upkeep.join(timeout=60)
    assert removed == [20_000]
    assert messages(log_events, stream) == ["new"] * 200
    log_events.close()


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """A batch is kept whole or not at all, and the next one works."""
    log_events = LogEvents.open(tmp_path / "logs.sqlite")
    group, stream = a_stream(log_events)
    with pytest.raises(OverflowError):
        log_events.put(group, stream, [(NOW_MS, "good"), (2**70, "no moment")], NOW_MS)
    log_events.put(group, stream, [(NOW_MS, "next")], NOW_MS)
    assert messages(log_events, stream) == ["next"]
    log_events.close()


def test_a_newer_file_is_refused_by_name(tmp_path: Path) -> None:
    """A file of a later schema is not touched; the error says what to do."""
    path = tmp_path / "logs.sqlite"
    LogEvents.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RuntimeError, match=r"schema 99.*shipway local reset"):
        LogEvents.open(path)
