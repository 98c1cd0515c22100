"""The messages of TCS: health and metrics of the running tasks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from shipway.agent.task_state import RANK, RUNNING, STOPPED, TaskState

TASKS_A_MESSAGE_MAX = 10
MIB = 1048576


class Sample(msgspec.Struct, frozen=True):
    """One look at a container's counters."""

    cpu_ns: int
    system_ns: int
    cpus: int
    memory_bytes: int
    received_bytes: int
    sent_bytes: int


def sample_of(stats: dict[str, Any]) -> Sample | None:
    """Out of Docker's statistics; None when the container is gone."""
    if not stats.get("cpu_stats"):
        return None
    cpu, memory = stats["cpu_stats"], stats.get("memory_stats") or {}
    networks = (stats.get("networks") or {}).values()
    details = memory.get("stats") or {}
    inactive = details.get("inactive_file", details.get("total_inactive_file", 0))
    return Sample(
        cpu_ns=int(cpu["cpu_usage"]["total_usage"]),
        system_ns=int(cpu.get("system_cpu_usage") or 0),
        cpus=int(cpu.get("online_cpus") or 1),
        memory_bytes=max(int(memory.get("usage") or 0) - int(inactive), 0),
        received_bytes=sum(int(network.get("rx_bytes", 0)) for network in networks),
        sent_bytes=sum(int(network.get("tx_bytes", 0)) for network in networks),
    )


def cpu_percent(before: Sample | None, now: Sample) -> float:
    """Of one processor, as Docker counts it; 0 for a first sample."""
    if before is None or now.system_ns <= before.system_ns:
        return 0.0
    share = max(now.cpu_ns - before.cpu_ns, 0) / (now.system_ns - before.system_ns)
    return round(share * now.cpus * 100, 4)


def _set_of(value: float) -> dict[str, Any]:
    return {"min": value, "max": value, "sum": value, "sampleCount": 1}


def container_metrics(name: str, before: Sample | None, now: Sample) -> dict[str, Any]:
    return {
        "containerName": name,
        "cpuStatsSet": _set_of(cpu_percent(before, now)),
        "memoryStatsSet": _set_of(now.memory_bytes / MIB),
        "networkStatsSet": {
            "rxBytes": {**_set_of(0), "sum": now.received_bytes},
            "txBytes": {**_set_of(0), "sum": now.sent_bytes},
        },
    }


def _identity(task: TaskState) -> dict[str, Any]:
    return {
        "taskArn": task.arn,
        "taskDefinitionFamily": task.payload.family,
        "taskDefinitionVersion": task.payload.version,
    }


def health_entries(tasks: Iterable[TaskState]) -> list[dict[str, Any]]:
    """Tasks with at least one health check in their definition; others' health is nobody's business."""
    entries = []
    for task in sorted(tasks, key=lambda task: task.order):
        containers = [
            {
                "containerName": container.name,
                "healthStatus": container.health,
                "statusSince": container.health_since / 1000,
            }
            for container in task.normal
            if task.spec(container.name).health_check_type == "docker" and container.rank >= RANK[RUNNING]
        ]
        if containers and task.status != STOPPED:
            entries.append({**_identity(task), "containers": containers})
    return entries


def metrics_entries(tasks: Iterable[TaskState], figures: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """`figures` is container_metrics by Docker id, for those that could be measured."""
    entries = []
    for task in sorted(tasks, key=lambda task: task.order):
        measured = [
            figures[container.runtime_id] for container in task.normal if container.runtime_id in figures
        ]
        if measured:
            entries.append({**_identity(task), "containerMetrics": measured})
    return entries


def in_messages(entries: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [
        entries[start : start + TASKS_A_MESSAGE_MAX] for start in range(0, len(entries), TASKS_A_MESSAGE_MAX)
    ]
