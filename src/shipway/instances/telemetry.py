"""What agents measure: the latest CPU and memory of tasks.

Kept in memory only; a restart starts anew within 20 s.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from shipway.instances.frames import PublishMetricsRequest, TaskMetrics

FORGET_AFTER_MS = 120_000  # agents publish every 20 s: six times missed is out of date


class Utilization(msgspec.Struct, frozen=True):
    """What a task used: CPU in percent of one core, memory in MiB, summed over its containers."""

    cpu_percent: float
    memory_mib: float
    at_ms: int


class Telemetry:
    """The latest figures by instance and task."""

    def __init__(self) -> None:
        self.heard: Callable[[str], None] = lambda _: None  # told which instance has reported
        self._tasks: dict[str, dict[str, Utilization]] = {}  # container instance ARN -> task ARN -> figures

    def record(self, container_instance_arn: str, request: PublishMetricsRequest, now_ms: int) -> None:
        """A report holds at most ten tasks, so it adds to what is known; what is not renewed goes."""
        known = self._tasks.setdefault(container_instance_arn, {})
        for metrics in request.task_metrics or ():
            known[metrics.task_arn] = utilization(metrics, now_ms)
        for task_arn in [arn for arn, figures in known.items() if figures.at_ms < now_ms - FORGET_AFTER_MS]:
            del known[task_arn]
        self.heard(container_instance_arn)

    def forget(self, container_instance_arn: str) -> None:
        self._tasks.pop(container_instance_arn, None)

    def task(self, task_arn: str) -> Utilization | None:
        return next((known[task_arn] for known in self._tasks.values() if task_arn in known), None)

    def instance(self, container_instance_arn: str) -> Utilization | None:
        """The sum over the instance's tasks; None when it has told nothing."""
        figures = list(self._tasks.get(container_instance_arn, {}).values())
        if not figures:
            return None
        return Utilization(
            sum(figure.cpu_percent for figure in figures),
            sum(figure.memory_mib for figure in figures),
            max(figure.at_ms for figure in figures),
        )


def utilization(metrics: TaskMetrics, now_ms: int) -> Utilization:
    containers = metrics.container_metrics or ()
    return Utilization(
        sum(container.cpu_stats_set.average for container in containers if container.cpu_stats_set),
        sum(container.memory_stats_set.average for container in containers if container.memory_stats_set),
        now_ms,
    )
