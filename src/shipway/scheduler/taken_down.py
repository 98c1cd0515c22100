"""After `down`: no container lives any more, so no task does, whatever its agent last said."""

from __future__ import annotations

from shipway.model.actions import EndTask, Plan
from shipway.model.task import Task

STOP_CODE = "TerminationNotice"
STOPPED_REASON = "Local ECS was taken down"


def plan_taken_down(tasks: tuple[Task, ...]) -> Plan:
    """EndTask for every task that is not over."""
    return Plan(
        tuple(
            EndTask(
                task_arn=task.task_arn,
                version=task.version,
                stop_code=STOP_CODE,
                stopped_reason=STOPPED_REASON,
                reason="Its containers were removed when local ECS was taken down.",
            )
            for task in tasks
            if not task.stopped
        )
    )
