"""What a post-mortem is told: everything gathered about a revision's tasks, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Tasks of one revision, their service's events, targets, logs, and the room left on instances."""

    tasks: tuple[Members, ...] = ()
    events: tuple[str, ...] = ()
    # (task id, container name) -> its last log lines.
    logs: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    targets: tuple[Members, ...] = ()
    instances: tuple[Members, ...] = ()
    definition: Members | None = None
    good_definition: Members | None = None
    # Image references with a digest -> the tag they were pushed under.
    tags: tuple[tuple[str, str], ...] = ()

    def lines_of(self, task: str, container: str) -> tuple[str, ...]:
        return next((lines for at, name, lines in self.logs if at == task and name == container), ())
