"""What one look of a watch comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from shipway.deploy.planning.verdict import Ending

State = TypeVar("State")


@dataclass(frozen=True)
class Step(Generic[State]):
    """The state after a look, what to say, and the ending if this was it. `now` is for a live display."""

    state: State
    lines: tuple[str, ...] = ()
    ending: Ending | None = None
    events: tuple[str, ...] = ()
    now: str = ""
