"""Keeping what is known: changed tasks are written soon, accepted ones before they are acknowledged;
orphans are rebuilt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from shipway.agent.container_body import ESSENTIAL_LABEL, LABEL
from shipway.agent.engine import Observed
from shipway.agent.task_files import TOMBSTONES_MAX, Registration, TaskFiles
from shipway.agent.task_state import PAUSE_NAME, ContainerState, TaskState
from shipway.agent.wire import ContainerPayload, TaskPayload

WRITE_DELAY_S = 0.05


class TaskMemory:
    """One write at a time, in a thread; a write that was begun is always finished before the next."""

    def __init__(self, files: TaskFiles) -> None:
        self._files = files
        self._changed: dict[str, TaskState | None] = {}  # by task id; None: its file is to go
        self._look = asyncio.Event()
        self._turn = asyncio.Lock()
        self._write: asyncio.Task[None] | None = None
        self.registration: Registration = files.read_registration()

    def read_tasks(self) -> list[TaskState]:
        return self._files.read_tasks()

    def changed(self, task: TaskState) -> None:
        self._changed[task.task_id] = task
        self._look.set()

    async def write_soon(self) -> None:
        while True:
            await self._look.wait()
            await asyncio.sleep(WRITE_DELAY_S)  # a start changes a task several times
            await self.saved()

    async def saved(self) -> None:
        """Everything changed so far is on disk."""
        async with self._turn:
            if self._write is not None:
                await self._write  # begun by somebody who was cancelled
            self._look.clear()
            waiting, self._changed = self._changed, {}
            self._write = asyncio.create_task(asyncio.to_thread(self._write_all, waiting))
            await asyncio.shield(self._write)
            self._write = None

    def _write_all(self, tasks: Mapping[str, TaskState | None]) -> None:
        for task_id, task in tasks.items():
            if task is None:
                self._files.remove_task(task_id)
            else:
                self._files.write_task(task)

    def register(self, **changes: object) -> None:
        self.registration = msgspec.structs.replace(self.registration, **changes)
        self._files.write_registration(self.registration)

    def forget(self, task: TaskState) -> None:
        self.register(forgotten=(*self.registration.forgotten, task.arn)[-TOMBSTONES_MAX:])
        self._changed[task.task_id] = None
        self._look.set()


def place(seen: Observed) -> tuple[str, str]:
    """The task and the container's name in it, from the labels."""
    return seen.labels.get(f"{LABEL}task-arn", ""), seen.labels.get(f"{LABEL}container-name", "")


def orphan(arn: str, containers: list[Observed]) -> TaskState:
    """A task whose file is lost, as far as its containers tell: enough to report it and to stop it."""
    labels = containers[0].labels
    named = sorted((place(seen)[1], seen) for seen in containers)
    payload = TaskPayload(
        arn=arn,
        family=labels.get(f"{LABEL}task-definition-family", ""),
        version=labels.get(f"{LABEL}task-definition-version", ""),
        network_mode="awsvpc" if any(name == PAUSE_NAME for name, _ in named) else "bridge",
        containers=tuple(
            ContainerPayload(
                name=name, image=seen.image, essential=seen.labels.get(ESSENTIAL_LABEL) != "false"
            )
            for name, seen in named
            if name != PAUSE_NAME
        ),
    )
    states = tuple(ContainerState(name=name, runtime_id=seen.runtime_id) for name, seen in named)
    return TaskState(payload=payload, containers=states, orphan=True)
