"""What a task was started from: a task definition, or a daemon's own."""

from __future__ import annotations

from shipway.model.arn import resource_path
from shipway.model.daemon_task_definition import DaemonTaskDefinition
from shipway.model.task_definition import TaskDefinition
from shipway.store.store import Reads


def definition_of(reads: Reads, task_definition_arn: str) -> TaskDefinition | None:
    """The two have families apart, and so tables apart."""
    if resource_path(task_definition_arn)[:1] == ["daemon-task-definition"]:
        return reads.get(DaemonTaskDefinition, task_definition_arn)
    return reads.get(TaskDefinition, task_definition_arn)
