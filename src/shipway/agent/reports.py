"""What SubmitTaskStateChange says of a task. Pure.

Every report lists every container as it is, so reports may be repeated and any of them may be lost but
the last.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.agent.task_state import PAUSE_NAME, RANK, RUNNING, STOPPED, ContainerState, TaskState

REASON_LENGTH_MAX = 1024
RUNTIME_ID_LENGTH_MAX = 255


def report_of(task: TaskState, cluster: str) -> dict[str, Any] | None:
    """The report of the task as it is now; None while there is nothing to tell yet."""
    status = task.status
    if status == "PENDING" and not any(container.stopped for container in task.normal):
        return None
    report: dict[str, Any] = {
        "cluster": cluster,
        "task": task.arn,
        "status": status,
        "reason": task.reason[:REASON_LENGTH_MAX],
        "containers": [_container(container) for container in _with_task_ports(task)],
    }
    moments = {
        "pullStartedAt": task.pull_started_at,
        "pullStoppedAt": task.pull_stopped_at,
        "executionStoppedAt": task.execution_stopped_at,
    }
    report.update({name: moment / 1000 for name, moment in moments.items() if moment})
    return report


def _with_task_ports(task: TaskState) -> tuple[ContainerState, ...]:
    """Ports published for an awsvpc task are the pause's in Docker; they are told of the first container."""
    pause = task.container(PAUSE_NAME)
    if pause is None or not pause.network_bindings or not task.normal:
        return task.normal
    first = msgspec.structs.replace(task.normal[0], network_bindings=pause.network_bindings)
    return (first, *task.normal[1:])


def _container(container: ContainerState) -> dict[str, Any]:
    status = STOPPED if container.stopped else RUNNING if container.rank >= RANK[RUNNING] else "PENDING"
    entry: dict[str, Any] = {"containerName": container.name, "status": status}
    optional = {
        "runtimeId": container.runtime_id[:RUNTIME_ID_LENGTH_MAX],
        "imageDigest": container.image_digest,
        "reason": container.reason[:REASON_LENGTH_MAX],
        "networkBindings": [msgspec.to_builtins(binding) for binding in container.network_bindings],
    }
    entry.update({name: value for name, value in optional.items() if value})
    if container.stopped and container.exit_code is not None:
        entry["exitCode"] = container.exit_code
    return entry


def report_text(report: dict[str, Any]) -> str:
    """For comparison: the same text, nothing new to tell."""
    return msgspec.json.encode(report, order="sorted").decode()
