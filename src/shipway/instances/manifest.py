"""The manifest: every task an instance should have.

What the agent runs besides, it asks about, and then stops.
"""

from __future__ import annotations

from typing import Any

from shipway.instances.frames import StopCandidate
from shipway.instances.outbox import wire_desired_status
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.store import Reads


def manifest(
    state: Reads, instance: ContainerInstance, message_id: str, timeline: int, now_ms: int
) -> dict[str, Any]:
    """Tasks whose payload still waits are in it too: one that was just placed is not offered for stopping."""
    tasks = state.by(Task, "container_instance_arn", instance.container_instance_arn)
    return {
        "messageId": message_id,
        "clusterArn": instance.cluster_arn,
        "containerInstanceArn": instance.container_instance_arn,
        "tasks": [
            {
                "taskArn": task.task_arn,
                "taskClusterArn": task.cluster_arn,
                "desiredStatus": wire_desired_status(task),
            }
            for task in tasks
            if not task.stopped
        ],
        "timeline": timeline,
        "generatedAt": now_ms,
    }


def confirmed_stops(
    state: Reads, container_instance_arn: str, candidates: tuple[StopCandidate, ...]
) -> list[dict[str, Any]]:
    """The candidates that are to stop indeed: looked up again, for the state may have changed."""
    confirmed = []
    for candidate in candidates:
        task = state.get(Task, candidate.task_arn)
        is_ours = task is not None and task.container_instance_arn == container_instance_arn
        if not is_ours or wire_desired_status(task) == "STOPPED":
            confirmed.append(
                {
                    "taskArn": candidate.task_arn,
                    "taskClusterArn": candidate.task_cluster_arn,
                    "desiredStatus": "STOPPED",
                }
            )
    return confirmed
