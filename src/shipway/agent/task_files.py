"""What the agent remembers across restarts: its registration, and one file per task. Written whole,
synced, renamed.

Tasks hold credentials, so everything is readable by the owner only.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from shipway.agent.task_state import TaskState

TOMBSTONES_MAX = 1000


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    cluster: str = ""
    container_instance_arn: str = ""
    metadata_port: int = 0
    seq_num: int = -1  # of the newest manifest taken
    forgotten: tuple[str, ...] = ()  # ARNs of tasks that are over: STOPPED is final, whatever is redelivered


class TaskFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tasks = folder / "tasks"
        self._tasks.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read_registration(self) -> Registration:
        path = self._folder / "agent.json"
        if not path.exists():
            return Registration()
        try:
            return msgspec.json.decode(path.read_bytes(), type=Registration)
        except msgspec.DecodeError:
            path.replace(path.with_suffix(".unreadable"))
            return Registration()

    def write_registration(self, registration: Registration) -> None:
        write_atomically(self._folder / "agent.json", msgspec.json.encode(registration))

    def read_tasks(self) -> list[TaskState]:
        found = []
        for path in sorted(self._tasks.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=TaskState))
            except msgspec.DecodeError:
                path.replace(path.with_suffix(".unreadable"))
        return found

    def write_task(self, task: TaskState) -> None:
        resting = tuple(
            msgspec.structs.replace(c, busy="", log_busy=False, retry_at=0) for c in task.containers
        )
        content = msgspec.json.encode(msgspec.structs.replace(task, containers=resting))
        write_atomically(self._tasks / f"{task.task_id}.json", content)

    def remove_task(self, task_id: str) -> None:
        (self._tasks / f"{task_id}.json").unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
