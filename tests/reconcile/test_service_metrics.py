"""A service's CPU and memory: from what is measured of its tasks, for as long as it is measured."""

from __future__ import annotations

from typing import NamedTuple

from shipway.model.arn import Place
from shipway.model.resources import Reservation
from shipway.reconcile.service_metrics import ServiceMetrics, service_series, utilization
from shipway.reconcile.surroundings import Surroundings
from shipway.seams import SeededIds
from shipway.store import Store
from tests.builders import PLACE, START_MS, a_service, a_task, instance_arn

CPU = service_series("CPUUtilization", "demo", "web")
MEMORY = service_series("MemoryUtilization", "demo", "web")
MINUTE = 60_000


class Used(NamedTuple):
    cpu_percent: float
    memory_mib: float


class Measured:
    """What is known of each task, by its number."""

    def __init__(self, **used: Used) -> None:
        self.used = {a_task(int(name[1:])).task_arn: figures for name, figures in used.items()}

    def task(self, task_arn: str) -> Used | None:
        return self.used.get(task_arn)


class Standing:
    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms


def test_the_share_of_what_is_reserved() -> None:
    """All tasks together: 1024 units and 512 MiB reserved, 512 and 128 used. The unmeasured are out."""
    tasks = [a_task(number, reservation=Reservation(512, 256)) for number in (1, 2, 3)]
    figures = utilization(tasks, Measured(t1=Used(40, 28), t2=Used(10, 100)))
    assert figures == {"CPUUtilization": 50.0, "MemoryUtilization": 25.0}


def test_who_reserves_no_cpu_is_measured_by_one_core() -> None:
    """There would be nothing to divide by."""
    figures = utilization([a_task(1, reservation=Reservation(0, 100))], Measured(t1=Used(30, 50)))
    assert figures["CPUUtilization"] == 30.0
    assert utilization([], Measured()) == {}


def test_a_report_sets_the_figures_of_the_services_there() -> None:
    """They hold for two periods: a service that nobody measures any more has none."""
    store, clock = Store.open(None), Standing()
    with store.transaction() as tx:
        tx.put(a_service())
        tx.put(a_task(1, reservation=Reservation(1024, 256)))
        tx.put(a_task(2, last_status="PENDING", instance=2))
    around = Surroundings(
        store=store, clock=clock, ids=SeededIds(1), place=Place(PLACE.account_id, PLACE.region)
    )
    metrics = ServiceMetrics(around, Measured(t1=Used(75, 64)))
    metrics.hear(instance_arn(2))
    assert around.metrics.all() == []
    metrics.hear(instance_arn(1))
    assert around.metrics.at(CPU, START_MS) == 75.0
    assert around.metrics.at(MEMORY, START_MS + 2 * MINUTE) == 25.0
    assert around.metrics.at(CPU, START_MS + 2 * MINUTE + 1) is None
