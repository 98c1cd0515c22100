"""Daemon task definitions: task definitions in a family space of their own."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.record import Document, Record
from shipway.model.task_definition import TaskDefinition


class DaemonTaskDefinition(TaskDefinition, frozen=True, kw_only=True):
    """`body` is what tasks are compiled from, `registered` what the caller said, with ECS's defaults."""

    registered: Document = {}
    delete_requested_at: int | None = None


class DaemonTaskDefinitionFamily(Record, frozen=True, kw_only=True):
    """The highest revision a family ever had: numbers are not used twice."""

    key_member: ClassVar[str] = "family"

    family: str
    last_revision: int = 0
