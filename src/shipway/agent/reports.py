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
    told_early = has_resolved(task) or any(container.stopped for container in task.normal)
    if status == "PENDING" and not told_early:
        return None
    report: dict[str, Any] = {
        "cluster": cluster,
        "task": task.arn,
        "status": status,
        "reason": task.reason[:REASON_LENGTH_MAX],
        "containers": [_container(container, status) for container in _with_task_ports(task)],
    }
    agents = [entry for container in task.normal for entry in _managed_agents(task, container)]
    if agents:
        report["managedAgents"] = agents
    moments = {
        "pullStartedAt": task.pull_started_at,
        "pullStoppedAt": task.pull_stopped_at,
        "executionStoppedAt": task.execution_stopped_at,
    }
    report.update({name: moment / 1000 for name, moment in moments.items() if moment})
    return report


def has_resolved(task: TaskState) -> bool:
    """It has pulled by tag, and the control plane waits for the digests before it starts more of the kind."""
    tagged = {container.name for container in task.payload.containers if not container.image_digest}
    return bool(tagged) and all(c.image_digest for c in task.normal if c.name in tagged)


def _with_task_ports(task: TaskState) -> tuple[ContainerState, ...]:
    """Ports published for an awsvpc task are the pause's in Docker; they are told of the first container."""
    pause = task.container(PAUSE_NAME)
    if pause is None or not pause.network_bindings or not task.normal:
        return task.normal
    first = msgspec.structs.replace(task.normal[0], network_bindings=pause.network_bindings)
    return (first, *task.normal[1:])


def _container(container: ContainerState, task_status: str) -> dict[str, Any]:
    """Before its task runs, a container that has not ended tells its digest only: one report for all."""
    status = STOPPED if container.stopped else RUNNING if container.rank >= RANK[RUNNING] else "PENDING"
    entry: dict[str, Any] = {"containerName": container.name, "status": status}
    if task_status == "PENDING" and not container.stopped:
        return entry | ({"imageDigest": container.image_digest} if container.image_digest else {})
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


def _managed_agents(task: TaskState, container: ContainerState) -> list[dict[str, Any]]:
    """Sessions need nothing in the container: they can be had as long as it runs."""
    if container.stopped:
        status, reason = "STOPPED", "Received Container Stopped event"
    elif container.rank >= RANK[RUNNING]:
        status, reason = "RUNNING", "ExecuteCommandAgent started"
    else:
        return []
    return [
        {
            "containerName": container.name,
            "managedAgentName": agent.name,
            "status": status,
            "reason": reason,
        }
        for agent in task.spec(container.name).managed_agents or ()
    ]


def report_text(report: dict[str, Any]) -> str:
    """For comparison: the same text, nothing new to tell."""
    return msgspec.json.encode(report, order="sorted").decode()
