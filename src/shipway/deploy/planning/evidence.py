"""What a post-mortem is told: everything gathered about a revision's tasks, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.planning.causes import Around

Members = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Tasks of one revision, their service's events, deployment, targets, logs, and room."""

    tasks: tuple[Members, ...] = ()
    events: tuple[str, ...] = ()
    # (task id, container name) -> its last log lines.
    logs: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    # Target group's ARN and one target's description; the groups themselves by ARN.
    targets: tuple[tuple[str, Members], ...] = ()
    target_groups: Mapping[str, Members] = field(default_factory=dict)
    service: Members | None = None
    # The service deployment that is told of, as ECS describes it.
    deployment: Members | None = None
    instances: tuple[Members, ...] = ()
    definition: Members | None = None
    good_definition: Members | None = None
    # Image references with a digest -> the tag they were pushed under.
    tags: tuple[tuple[str, str], ...] = ()
    # What could not be read, a sentence each.
    unread: tuple[str, ...] = ()

    def lines_of(self, task: str, container: str) -> tuple[str, ...]:
        return next((lines for at, name, lines in self.logs if at == task and name == container), ())

    @property
    def around(self) -> Around:
        return Around(self.definition or {}, self.service or {}, self.target_groups, self.events)
