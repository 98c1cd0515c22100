"""The loops of one control plane, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from shipway.load_balancer.edge import Edge
from shipway.reconcile.loop import Loop, PassResult, PassStatus
from shipway.reconcile.services import services_pass
from shipway.reconcile.surroundings import Surroundings
from shipway.reconcile.targets import targets_pass
from shipway.reconcile.tasks import tasks_pass


class Reconciler:
    """Every commit wakes every loop; news from the load balancer wakes the targets loop."""

    def __init__(self, around: Surroundings, edge: Edge) -> None:
        self._around = around
        self._edge = edge
        turns: dict[str, Callable[[], Awaitable[PassResult]]] = {
            "services": partial(services_pass, around),
            "tasks": partial(tasks_pass, around),
            "targets": partial(targets_pass, around, edge),
        }
        self._loops = {name: Loop(name, around.clock, turn) for name, turn in turns.items()}
        self._watch: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    async def start(self) -> None:
        self._unsubscribe = self._around.store.subscribe(lambda _: self.wake())
        for loop in self._loops.values():
            await loop.start()
        self._watch = asyncio.create_task(self._watch_load_balancer(), name="load balancer's news")

    async def stop(self) -> None:
        self._unsubscribe()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        for loop in self._loops.values():
            await loop.stop()

    def wake(self) -> None:
        for loop in self._loops.values():
            loop.wake()

    def alarms_changed(self) -> None:
        """The states of alarms are not in the store: who changed one calls this."""
        self._loops["services"].wake()

    def statuses(self) -> tuple[PassStatus, ...]:
        return tuple(loop.status for loop in self._loops.values())

    async def _watch_load_balancer(self) -> None:
        while True:
            await self._edge.wait_for_change()
            self._loops["targets"].wake()
