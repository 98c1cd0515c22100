"""A stopped task as the matchers see it, and what else is known around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from shipway.deploy.planning.causes.cause import Members
from shipway.deploy.planning.references import short


@dataclass(frozen=True)
class Around:
    """What a sentence may name: the task definition, the service, its target groups (by ARN) and events."""

    definition: Members = field(default_factory=dict)
    service: Members = field(default_factory=dict)
    target_groups: Mapping[str, Members] = field(default_factory=dict)
    events: tuple[str, ...] = ()

    def container(self, name: str | None) -> Members:
        found = self.definition.get("containerDefinitions") or ()
        return next((one for one in found if one.get("name") == name), {})

    @property
    def role(self) -> str:
        """Who fetches images, secrets and logs for the task."""
        arn = self.definition.get("executionRoleArn")
        return f"the execution role {short(str(arn))}" if arn else "the execution role (the task has none)"


def task_id(task: Members) -> str:
    return short(str(task.get("taskArn", "")))


@dataclass(frozen=True)
class StoppedTask:
    """DescribeTasks's members, read once."""

    task: Members
    around: Around = Around()

    @cached_property
    def stop_code(self) -> str:
        return str(self.task.get("stopCode") or "")

    @cached_property
    def reason(self) -> str:
        return str(self.task.get("stoppedReason") or "")

    @cached_property
    def containers(self) -> tuple[Members, ...]:
        return tuple(found for found in self.task.get("containers") or () if isinstance(found, dict))

    @cached_property
    def told(self) -> tuple[tuple[Members, str], ...]:
        """Every reason with its container, containers' own before the task's."""
        reasons = [(found, str(found["reason"])) for found in self.containers if found.get("reason")]
        return (*reasons, ({}, self.reason)) if self.reason else tuple(reasons)

    @property
    def failed_to_start(self) -> bool:
        return self.stop_code == "TaskFailedToStart" or self.reason.startswith("TaskFailedToStart")
