"""The daemons loop is woken for what concerns it, never for too little."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon
from shipway.model.task import Task
from shipway.reconcile.daemons import DaemonsTurn, daemon_snapshot, daemons_concerned
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.managed_daemon import decide_managed_daemon
from shipway.seams import SeededIds
from shipway.store import Change, Store
from tests.builders import PLACE, a_task, an_instance, instance_arn
from tests.reconcile.test_wake_ups import HandClock
from tests.scheduler.daemon_world import DAEMON, DaemonWorld, a_machine, an_own_task

STEPS_MAX = 100


class Plane:
    """A daemon and its loop over one store; the agents' reports are ours to make."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.store = Store.open(None)
        self.around = Surroundings(self.store, self.clock, SeededIds(1), PLACE)
        self.turn = DaemonsTurn(self.around)
        self.turn.look_at_everything()
        self.store.subscribe(self.hear)
        with self.store.transaction() as tx:
            for record in DaemonWorld(a_machine(1), a_machine(2)).records():
                tx.put(record)

    def hear(self, changes: tuple[Change, ...]) -> None:
        self.turn.hear(changes)

    async def settle(self) -> None:
        for _ in range(STEPS_MAX):
            result = await self.turn()
            assert not result.failure, result
            if not result.actions:
                return
        raise AssertionError("the loop never comes to rest")

    def overlooked(self) -> str:
        """What a look would decide now."""
        daemon = self.store.state.get(Daemon, DAEMON)
        assert daemon is not None
        return decide_managed_daemon(daemon_snapshot(self.around, daemon), SeededIds(2)).text()

    def befall(self, what: str, number: int) -> None:
        with self.store.transaction() as tx:
            instance = tx.get(ContainerInstance, instance_arn(number))
            tasks = [task for task in tx.all(Task) if not task.stopped]
            task = tasks[number % len(tasks)] if tasks else None
            match what:
                case "join" if instance is None:
                    tx.put(a_machine(number))
                case "disconnect" if instance:
                    tx.put(replace(instance, agent_connected=not instance.agent_connected))
                case "come" if instance:
                    tx.put(an_own_task(number, number))
                case "run" if task and task.desired_status == "RUNNING":
                    tx.put(replace(task, last_status="RUNNING", started_at=self.clock.at - 60_000))
                case "end" if task:
                    over = {"last_status": "STOPPED", "desired_status": "STOPPED"}
                    tx.put(replace(task, **over, stopped_at=self.clock.at, stop_code="UserInitiated"))


HAPPENINGS = ("join", "disconnect", "come", "run", "run", "run", "end", "end")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(1, 4)), max_size=20))
def test_the_daemon_is_not_overlooked(happenings: list[tuple[str, int]]) -> None:
    """Whatever happens, after its wake-ups a look decides nothing."""

    async def live() -> None:
        plane = Plane()
        await plane.settle()
        for what, number in happenings:
            plane.befall(what, number)
            await plane.settle()
            assert plane.overlooked() == "", what

    asyncio.run(live())


def test_whom_a_change_concerns() -> None:
    """A daemon's own task; any instance of its cluster; tasks of others only while it waits for them."""
    plane = Plane()
    state = plane.store.state
    own, other = a_task(1, daemon_arn=DAEMON), an_own_task(1, 1)
    ended: Any = {"last_status": "STOPPED"}
    moved = Change(Task, other.key, other, replace(other, **ended))
    assert daemons_concerned([Change(Task, own.key, None, own)], state, {}) == {DAEMON}
    assert daemons_concerned([moved], state, {}) == set()
    assert daemons_concerned([moved], state, {DAEMON: other.cluster_arn}) == {DAEMON}
    joined = Change(ContainerInstance, instance_arn(9), None, an_instance(9))
    assert daemons_concerned([joined], state, {}) == {DAEMON}
