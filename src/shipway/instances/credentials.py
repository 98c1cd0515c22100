"""Role credentials of tasks: which roles a task has, and how their keys travel.

Keys are made by whoever composes the control plane. Their id must stay the same for a task and role over
refreshes and restarts, because a container knows its id from birth; `credentials_id` derives such an id from
a secret of the installation, so that it cannot be guessed either.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from shipway.instances.overrides import task_level
from shipway.model.arn import Place
from shipway.model.record import Document
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition

ROLES = (
    ("TaskApplication", "taskRoleArn", "roleCredentials"),
    ("TaskExecution", "executionRoleArn", "executionRoleCredentials"),
)


class TaskRole(msgspec.Struct, frozen=True):
    """One role of a task. `role_type` is TaskApplication or TaskExecution."""

    role_type: str
    role_arn: str
    payload_member: str


CredentialsFor = Callable[[Task, TaskRole], "dict[str, Any] | None"]
"""Gives credentialsId, roleArn, accessKeyId, secretAccessKey, sessionToken, expiration (ISO 8601); None: no
credentials.
"""


def task_roles(task: Task, definition: TaskDefinition, account_id: str) -> Iterator[TaskRole]:
    for role_type, member, payload_member in ROLES:
        role = task_level(task, definition.body, member)
        if role:
            yield TaskRole(role_type, role_arn(role, account_id), payload_member)


def role_arn(role: str, account_id: str) -> str:
    """Task definitions may name a role by its short name."""
    return role if role.startswith("arn:") else Place(account_id, "").arn(f"role/{role}", service="iam")


def credentials_id(secret: bytes, task_arn: str, role_type: str) -> str:
    digest = hmac.new(secret, f"{task_arn}/{role_type}".encode(), hashlib.sha256).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def credentials_message(task: Task, role: TaskRole, credentials: Document, message_id: str) -> Document:
    return {
        "messageId": message_id,
        "taskArn": task.task_arn,
        "taskClusterArn": task.cluster_arn,
        "roleType": role.role_type,
        "roleCredentials": credentials,
    }
