"""What an import gives: the files, and everything of the source that they do not say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Members = dict[str, Any]


@dataclass(frozen=True)
class NotCarried:
    """Something of the source that stays behind, and why or what to do instead."""

    what: str
    why: str

    def text(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True)
class Imported:
    """One application. `keys` are those of shipway.yml; what ECS is sent stands in files of its own."""

    source: str
    keys: Members
    task_definition: Members
    service: Members | None = None
    not_carried: tuple[NotCarried, ...] = ()
    notes: tuple[str, ...] = ()
    folder: str = "."
    more: Members = field(default_factory=dict, repr=False)  # further files: name -> text
    hints: tuple[str, ...] = field(default=(), repr=False)  # comments at the end of shipway.yml
