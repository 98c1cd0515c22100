"""Why a task stopped, when nobody had decided it: stop code and reason from what its agent reports."""

from __future__ import annotations

from shipway.model.task import Container, Task

ESSENTIAL_EXITED = ("EssentialContainerExited", "Essential container in task exited")
FAILED_TO_START = ("TaskFailedToStart", "Task failed to start")
STOPPED_REASON_LENGTH_MAX = 1024

RESOURCE = "ResourceInitializationError: "
# Container reasons that mean the container never ran, whatever exit code comes with them.
NEVER_RAN = (
    "Cannot",
    "ResourceInitializationError",
    "TaskDependencyError",
    "TaskStoppedBeforePullBeginError",
)


def stop_cause(task: Task, reported_reason: str | None = None) -> tuple[str, str]:
    """Stop code and stopped reason of a task that ends, its agent's report merged in. What was set stays."""
    if task.stop_code is not None:
        return task.stop_code, task.stopped_reason or ""
    started = task.started_at is not None or task.last_status == "RUNNING"
    if started or any(ran(container) for container in task.containers if container.essential):
        return ESSENTIAL_EXITED
    return FAILED_TO_START[0], start_failure(task, reported_reason)


def ran(container: Container) -> bool:
    return container.exit_code is not None and not (container.reason or "").startswith(NEVER_RAN)


def start_failure(task: Task, reported_reason: str | None) -> str:
    """Fargate tells the cause itself; on EC2 the cause of a container stays with the container, unless what
    it lacked was the task's to give: secrets, a log group.
    """
    if reported_reason and reported_reason.startswith(NEVER_RAN):
        return reported_reason[:STOPPED_REASON_LENGTH_MAX]
    causes = [container.reason for container in task.containers if container.reason]
    given = [cause for cause in causes if cause.startswith(RESOURCE)]
    if given or (task.launch_type == "FARGATE" and causes):
        return (given or causes)[0][:STOPPED_REASON_LENGTH_MAX]
    if reported_reason and not causes:
        return reported_reason[:STOPPED_REASON_LENGTH_MAX]
    return FAILED_TO_START[1]
