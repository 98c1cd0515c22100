"""The loops of one control plane, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shipway.load_balancer.edge import Edge
from shipway.model.outbox import OutboxMessage
from shipway.reconcile.capacity import CapacityTurn
from shipway.reconcile.code_deploy import CodeDeployTurn
from shipway.reconcile.daemons import DaemonsTurn
from shipway.reconcile.hooks import HooksTurn
from shipway.reconcile.instances import InstancesTurn
from shipway.reconcile.loop import Loop, PassStatus, Turn
from shipway.reconcile.scaling import ScalingTurn
from shipway.reconcile.services import ServicesTurn
from shipway.reconcile.surroundings import Surroundings
from shipway.reconcile.targets import TargetsTurn
from shipway.reconcile.tasks import TasksTurn
from shipway.store import Change


class Reconciler:
    """A commit wakes the loops that it concerns; news from the load balancer wakes the targets loop."""

    def __init__(self, around: Surroundings, edge: Edge) -> None:
        self._around = around
        self._edge = edge
        self._services = ServicesTurn(around)
        self._capacity = CapacityTurn(around)
        self._daemons = DaemonsTurn(around)
        self._targets = TargetsTurn(around, edge)
        self._hooks = HooksTurn(around)
        turns: dict[str, Turn] = {
            "daemons": self._daemons,
            "code deploy": CodeDeployTurn(around),
            "services": self._services,
            "tasks": TasksTurn(around),
            "instances": InstancesTurn(around),
            "capacity": self._capacity,
            "scaling": ScalingTurn(around, edge, self.alarms_changed),
            "targets": self._targets,
            "hooks": self._hooks,
        }
        self._turns = tuple(turns.values())
        self._loops = {name: Loop(name, around.clock, turn) for name, turn in turns.items()}
        self._watch: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    async def start(self) -> None:
        for turn in self._turns:
            turn.look_at_everything()
        self._unsubscribe = self._around.store.subscribe(self._hear)
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
        await self._hooks.stop()

    def alarms_changed(self) -> None:
        """The states of alarms are not in the store: who changed one calls this."""
        self._services.hear_of_alarms()
        self._daemons.hear_of_alarms()
        self._loops["services"].wake()
        self._loops["daemons"].wake()

    def scaling_changed(self) -> None:
        """Nor are scalable targets, policies and metrics."""
        self._loops["scaling"].wake()

    def groups_changed(self) -> None:
        """Nor are Auto Scaling groups in the store."""
        self._capacity.look_at_everything()
        self._loops["capacity"].wake()

    def statuses(self) -> tuple[PassStatus, ...]:
        return tuple(loop.status for loop in self._loops.values())

    def _hear(self, changes: tuple[Change, ...]) -> None:
        """Messages to agents, which come and go with every task, are their sessions' concern alone."""
        changes = tuple([change for change in changes if change.kind is not OutboxMessage])
        if not changes:
            return
        for turn, loop in zip(self._turns, self._loops.values(), strict=True):
            if turn.hear(changes):
                loop.wake()

    async def _watch_load_balancer(self) -> None:
        while True:
            await self._edge.wait_for_change()
            self._targets.hear_news()
            self._loops["targets"].wake()
