"""CPU and memory of services, as CloudWatch shows them: from what agents measure of tasks.

Nothing here waits or asks: an agent's report is what sets a service's figures, and they hold for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from shipway.model.service import Service
from shipway.model.task import Task
from shipway.reconcile.surroundings import Surroundings
from shipway.store.metrics import Series

NAMESPACE = "AWS/ECS"
CPU, MEMORY = "CPUUtilization", "MemoryUtilization"
CPU_UNITS_A_CORE = 1024
PERIODS_HELD = 2  # agents report three times a period: a figure that is not renewed is out of date


class TaskUsage(Protocol):
    """What a task used when it was last measured."""

    @property
    def cpu_percent(self) -> float:
        """Of one core."""
        ...

    @property
    def memory_mib(self) -> float: ...


class Usage(Protocol):
    def task(self, task_arn: str) -> TaskUsage | None:
        """None when nothing is known, or nothing recent."""
        ...


class ServiceMetrics:
    def __init__(self, around: Surroundings, usage: Usage) -> None:
        self._around = around
        self._usage = usage

    def hear(self, container_instance_arn: str) -> None:
        """An instance has reported: the services with tasks there have new figures."""
        here = self._around.store.state.by(Task, "container_instance_arn", container_instance_arn)
        for service_arn in sorted({task.service_arn for task in here if task.service_arn and task.running}):
            self._set(service_arn)

    def _set(self, service_arn: str) -> None:
        around = self._around
        service = around.store.state.get(Service, service_arn)
        if service is None:
            return
        running = [task for task in around.store.state.by(Task, "service_arn", service_arn) if task.running]
        figures = utilization(running, self._usage)
        for name, value in figures.items():
            series = service_series(name, service.cluster_name, service.service_name)
            holds_ms = PERIODS_HELD * around.metrics.period_ms
            around.metrics.set(series, value, around.clock.now_ms(), holds_ms)


def utilization(tasks: Iterable[Task], usage: Usage) -> dict[str, float]:
    """In percent of what these tasks reserve. Who reserves no CPU is measured by one core."""
    measured = [(task, used) for task in tasks if (used := usage.task(task.task_arn)) is not None]
    reserved_cpu = sum(task.reservation.cpu or CPU_UNITS_A_CORE for task, _ in measured)
    reserved_mib = sum(task.reservation.memory for task, _ in measured)
    used_cpu = sum(used.cpu_percent / 100 * CPU_UNITS_A_CORE for _, used in measured)
    used_mib = sum(used.memory_mib for _, used in measured)
    figures = {}
    if reserved_cpu:
        figures[CPU] = used_cpu / reserved_cpu * 100
    if reserved_mib:
        figures[MEMORY] = used_mib / reserved_mib * 100
    return figures


def service_series(name: str, cluster_name: str, service_name: str) -> Series:
    return Series(NAMESPACE, name, (("ClusterName", cluster_name), ("ServiceName", service_name)))
