"""How long tasks are assumed to take, from those that run."""

from __future__ import annotations

from typing import Any

from shipway.deploy.planning.prediction import Times

Members = dict[str, Any]

START_S = 30.0
STOP_S = 5.0


def assumed_times(tasks: tuple[Members, ...], deregistration_delay_s: int) -> Times:
    """Until RUNNING: the middle of the running tasks' own. Until gone: the delay, and a moment to end."""
    took = sorted(
        _seconds(task["startedAt"]) - _seconds(task["createdAt"])
        for task in tasks
        if task.get("startedAt") and task.get("createdAt")
    )
    start_s = took[len(took) // 2] if took else START_S
    return Times(max(1, round(start_s * 1000)), round((deregistration_delay_s + STOP_S) * 1000))


def _seconds(moment: Any) -> float:
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)
