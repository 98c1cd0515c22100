"""Wake-ups name too many or just enough, never too few: after them a look at everybody decides nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.container_instance import ContainerInstance
from shipway.model.outbox import OutboxMessage
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from shipway.reconcile.concerns import SERVICES, fleets_moved, services_concerned
from shipway.reconcile.services import ServicesTurn, service_snapshot
from shipway.reconcile.surroundings import Surroundings
from shipway.reconcile.tasks import TasksTurn, tasks_snapshot, unplaced_snapshot
from shipway.scheduler.run_task import plan_unplaced
from shipway.scheduler.services import decide_service
from shipway.scheduler.tasks import plan_tasks
from shipway.seams import SeededIds
from shipway.store import Change, Store
from shipway.store.kinds import KINDS
from tests.builders import (
    CLUSTER,
    PLACE,
    START_MS,
    a_container_definition,
    a_revision,
    a_service,
    a_task,
    a_task_definition,
    an_instance,
    instance_arn,
)

NAMES = ("api", "web")
ALONE: dict[str, Any] = {
    "service_arn": None,
    "deployment_id": None,
    "container_instance_arn": None,
    "last_status": "PROVISIONING",
    "task_definition_arn": PLACE.task_definition("web", 1),
}
STEPS_MAX = 200


@dataclass
class HandClock:
    at: int = START_MS

    def now_ms(self) -> int:
        return self.at


class Plane:
    """Services and tasks loops over one store, turned by hand; the agents' reports are ours to make."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.store = Store.open(None)
        self.around = Surroundings(self.store, self.clock, SeededIds(1), PLACE)
        self.turns = (ServicesTurn(self.around), TasksTurn(self.around))
        for turn in self.turns:
            turn.look_at_everything()
            self.store.subscribe(self.hearing(turn))
        with self.store.transaction() as tx:
            for number in (1, 2):
                tx.put(an_instance(number))
            for number, name in enumerate(NAMES, 1):
                definition = a_task_definition(number, a_container_definition(cpu=900, memory=1024))
                tx.put(definition)
                arn, revision = PLACE.service("demo", name), PLACE.service_revision("demo", name, f"{number}")
                tx.put(a_service(2, service_arn=arn, revision_arn=revision))
                tx.put(
                    a_revision(
                        number,
                        service_arn=arn,
                        service_revision_arn=revision,
                        task_definition_arn=definition.task_definition_arn,
                    )
                )

    def hearing(self, turn: ServicesTurn | TasksTurn) -> Any:
        return lambda changes: turn.hear(changes)

    async def settle(self) -> None:
        for _ in range(STEPS_MAX):
            results = [await turn() for turn in self.turns]
            assert not any(result.failure for result in results), results
            if not any(result.actions for result in results):
                return
        raise AssertionError("the loops never come to rest")

    def overlooked(self) -> list[str]:
        """What a look at everybody would decide now."""
        state, ids = self.store.state, SeededIds(2)
        found = [
            decide_service(service_snapshot(self.around, service.service_arn), ids).text()
            for service in state.all(Service)
            if service.status != "INACTIVE"
        ]
        found.append(plan_unplaced(unplaced_snapshot(self.around, CLUSTER), ids).text())
        owners = {task.service_arn or task.task_arn for task in state.all(Task)}
        found += [plan_tasks(tasks_snapshot(self.around, owner)).text() for owner in owners]
        return [text for text in found if text]

    def befall(self, what: str, number: int) -> None:
        state = self.store.state
        with self.store.transaction() as tx:
            instance = state.get(ContainerInstance, instance_arn(number % 3 + 1))
            service = state.get(Service, PLACE.service("demo", NAMES[number % 2]))
            tasks = [task for task in state.all(Task) if not task.stopped]
            task = tasks[number % len(tasks)] if tasks else None
            match what:
                case "join":
                    tx.put(instance or an_instance(number % 3 + 1))
                case "drain" if instance:
                    status = "DRAINING" if instance.status == "ACTIVE" else "ACTIVE"
                    tx.put(replace(instance, status=status))
                case "disconnect" if instance:
                    tx.put(replace(instance, agent_connected=not instance.agent_connected))
                case "count" if service:
                    tx.put(replace(service, desired_count=number % 6))
                case "delete" if service:
                    tx.put(replace(service, status="DRAINING"))
                case "wait alone":
                    tx.put(a_task(100 + number, created_at=self.clock.at, **ALONE))
                case "run" if task and task.container_instance_arn and task.desired_status == "RUNNING":
                    tx.put(replace(task, last_status="RUNNING", started_at=self.clock.at))
                case "end" if task:
                    ended = {"last_status": "STOPPED", "desired_status": "STOPPED"}
                    moments = {"stopped_at": self.clock.at, "stop_code": "UserInitiated"}
                    tx.put(replace(task, **ended, **moments))


HAPPENINGS = (
    "join",
    "drain",
    "disconnect",
    "count",
    "count",
    "delete",
    "wait alone",
    "run",
    "run",
    "end",
    "end",
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 30)), max_size=25))
def test_nobody_is_overlooked(happenings: list[tuple[str, int]]) -> None:
    """Whatever happens, those that a commit names are all that would have decided something."""

    async def live() -> None:
        plane = Plane()
        await plane.settle()
        for what, number in happenings:
            plane.befall(what, number)
            await plane.settle()
            assert plane.overlooked() == [], what

    asyncio.run(live())


def test_every_kind_of_record_concerns_somebody_or_nobody() -> None:
    """Who adds a kind of record says which services have to be looked at when it changes."""
    assert set(SERVICES) == set(KINDS)


def test_numbering_an_instances_messages_concerns_nobody() -> None:
    """Each task placed on an instance numbers a message: that is no news for the other services there."""
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(an_instance())
        tx.put(a_task())
    change = Change(
        ContainerInstance, instance_arn(1), an_instance(), an_instance(message_seq_num=4, version=2)
    )
    assert services_concerned([change], store.state, {}) == set()
    drained = change._replace(after=an_instance(status="DRAINING"))
    assert services_concerned([drained], store.state, {}) == {a_service().service_arn}


def test_who_waits_for_room_is_named_when_a_task_leaves() -> None:
    """And not when a task of the same fleet goes from PENDING to RUNNING, nor for news of another fleet."""
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(an_instance())
    waiting = {"other": frozenset({CLUSTER}), "elsewhere": frozenset({"another"})}
    before = a_task(service_arn=None, last_status="PENDING")
    started, ended = a_task(service_arn=None), a_task(service_arn=None, last_status="STOPPED")
    change = Change(Task, before.key, before, started)
    assert services_concerned([change], store.state, waiting) == set()
    assert services_concerned([change._replace(after=ended)], store.state, waiting) == {"other"}
    message = Change(OutboxMessage, "1", None, None)
    assert fleets_moved([message], store.state) == set()


def test_a_revision_and_its_daemons_are_named() -> None:
    """A revision names its service; an instance that joins names the services that run on every instance."""
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(a_service(scheduling_strategy="DAEMON"))
    joined = Change(ContainerInstance, instance_arn(1), None, an_instance())
    revised = Change(ServiceRevision, "r", a_revision(), None)
    for change in (joined, revised):
        assert services_concerned([change], store.state, {}) == {a_service().service_arn}
