"""The store: transactions, indexes, and what survives."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from shipway.model.cluster import Cluster
from shipway.model.task import Task
from shipway.store import Change, Store
from shipway.store.record_file import NewerSchemaError, RecordFile


def a_cluster(name: str = "default") -> Cluster:
    return Cluster(cluster_arn=f"arn:aws:ecs:us-east-1:000000000000:cluster/{name}")


def a_task(number: int, cluster: str = "default") -> Task:
    return Task(
        task_arn=f"arn:aws:ecs:us-east-1:000000000000:task/{cluster}/{number:032x}",
        cluster_arn=a_cluster(cluster).cluster_arn,
        task_definition_arn="arn:aws:ecs:us-east-1:000000000000:task-definition/web:1",
        created_at=number,
    )


def test_a_failed_transaction_changes_nothing() -> None:
    """An exception inside a transaction undoes every put and delete of it, indexes included."""
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(a_cluster())
        tx.put(a_task(1))

    def fail_half_way() -> None:
        with store.transaction() as tx:
            tx.put(replace(a_task(1), cluster_arn="elsewhere"))
            tx.put(a_task(2))
            tx.delete(Cluster, a_cluster().key)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert store.state.all(Cluster) == [a_cluster()]
    assert store.state.by(Task, "cluster_arn", a_cluster().cluster_arn) == [a_task(1)]
    assert store.state.by(Task, "cluster_arn", "elsewhere") == []


def test_indexes_follow_changes() -> None:
    """A record is found under its present index value only, and lists come sorted by key."""
    store = Store.open(None)
    with store.transaction() as tx:
        for number in (3, 1, 2):
            tx.put(a_task(number))
    waiting = a_cluster().cluster_arn
    assert [task.created_at for task in store.state.by(Task, "unplaced", waiting)] == [1, 2, 3]
    with store.transaction() as tx:
        tx.put(replace(a_task(2), container_instance_arn="i"))
        tx.delete(Task, a_task(3).key)
    assert [task.created_at for task in store.state.by(Task, "unplaced", waiting)] == [1]
    assert store.state.count_by(Task, "container_instance_arn", "i") == 1


def test_subscribers_hear_of_commits_only() -> None:
    """A commit that changed something wakes the subscribers; a read or an undone transaction does not."""
    store = Store.open(None)
    heard: list[int] = []
    unsubscribe = store.subscribe(lambda _: heard.append(store.commits))
    with store.transaction() as tx:
        tx.get(Cluster, "nothing")
    with store.transaction() as tx:
        tx.put(a_cluster())
    unsubscribe()
    with store.transaction() as tx:
        tx.put(a_cluster("other"))
    assert heard == [1]


def test_a_commit_tells_what_it_changed() -> None:
    """Each record once, as it was before the transaction and as it is after it."""
    store = Store.open(None)
    heard: list[tuple[Change, ...]] = []
    store.subscribe(heard.append)
    with store.transaction() as tx:
        tx.put(a_task(1))
        tx.put(a_task(2))
    with store.transaction() as tx:
        tx.put(replace(a_task(1), last_status="RUNNING"))
        tx.put(replace(a_task(1), last_status="STOPPED"))
        tx.delete(Task, a_task(2).key)
    assert heard[1] == (
        Change(Task, a_task(1).key, a_task(1), replace(a_task(1), last_status="STOPPED")),
        Change(Task, a_task(2).key, a_task(2), None),
    )


def test_lists_stay_sorted_while_records_come_and_go() -> None:
    """Also after the order was asked for once."""
    store = Store.open(None)
    for numbers, gone in (((5, 1), ()), ((3, 4), (1,)), ((2, 1), (5, 3))):
        with store.transaction() as tx:
            for number in numbers:
                tx.put(a_task(number))
            for number in gone:
                tx.delete(Task, a_task(number).key)
        found = [task.created_at for task in store.state.by(Task, "cluster_arn", a_cluster().key)]
        assert found == sorted(found) == [task.created_at for task in store.state.all(Task)]
    assert found == [1, 2, 4]


async def test_what_was_durable_is_there_after_opening_again(tmp_path: Path) -> None:
    """Many writers share the record; after durable() the file has every change, deletions too."""
    store = Store.open(tmp_path / "state.db")

    async def write(number: int) -> None:
        with store.transaction() as tx:
            tx.put(a_task(number))
        await store.durable()

    await asyncio.gather(*(write(number) for number in range(50)))
    with store.transaction() as tx:
        tx.delete(Task, a_task(7).key)
    await store.durable()
    again = Store.open(tmp_path / "state.db")
    assert [task.created_at for task in again.state.all(Task)] == [n for n in range(50) if n != 7]
    again.close()
    store.close()


async def test_what_one_turn_of_the_event_loop_commits_is_written_at_once(tmp_path: Path) -> None:
    """The writer is told at the end of the turn, so that the requests of one turn share one fsync."""
    written: list[int] = []
    failed: list[Exception] = []
    looked = threading.Event()

    def on_written(sequence: int) -> None:
        written.append(sequence)
        looked.set()

    record_file = RecordFile(tmp_path / "state.db")
    record_file.load(on_written, failed.append)
    for number in range(3):
        record_file.append([("Cluster", str(number), b"{}")])
    await asyncio.to_thread(looked.wait, 10)
    record_file.close()
    assert (written, failed) == ([3], [])


WRITER = """
import asyncio, sys
from pathlib import Path
from shipway.model.cluster import Cluster
from shipway.store import Store

async def main():
    store = Store.open(Path(sys.argv[1]))
    for number in range(10_000):
        with store.transaction() as tx:
            tx.put(Cluster(cluster_arn=f"{number:05d}"))
            tx.put(Cluster(cluster_arn=f"twin-{number:05d}"))
        await store.durable()
        print(number, flush=True)

asyncio.run(main())
"""


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """A writer killed at any moment: all that it acknowledged is there, no transaction by half."""
    path = tmp_path / "state.db"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(40)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    kept = {cluster.cluster_arn for cluster in Store.open(path).state.all(Cluster)}
    assert {f"{number:05d}" for number in acknowledged} <= kept
    assert {name for name in kept if not name.startswith("twin-")} == {
        name.removeprefix("twin-") for name in kept if name.startswith("twin-")
    }


async def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """When the record cannot be written, who waits for it hears, and later transactions are refused."""
    store = Store.open(tmp_path / "state.db")
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("DROP TABLE record")
    with store.transaction() as tx:
        tx.put(a_cluster())
    with pytest.raises(Exception, match="could not be written"):
        await store.durable()
    with pytest.raises(Exception, match="could not be written"), store.transaction() as tx:
        tx.put(a_cluster())
    store.close()


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """A file with a schema that this version does not know is left alone; we are told what to do."""
    Store.open(tmp_path / "state.db").close()
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerSchemaError, match="shipway local reset"):
        Store.open(tmp_path / "state.db")
