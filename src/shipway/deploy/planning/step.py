"""What one look of a watch comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from shipway.deploy.events import Event, ServiceEvent
from shipway.deploy.planning.verdict import Ending

State = TypeVar("State")


@dataclass(frozen=True)
class Step(Generic[State]):
    """The state after a look, what is new, and the ending if this was it. `now` is for a live display."""

    state: State
    news: tuple[Event, ...] = ()
    ending: Ending | None = None
    now: str = ""
    # Until the next look: a second for every call that this one has made.
    rest_s: float = 1.0

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(event.text() for event in self.news)

    @property
    def messages(self) -> tuple[str, ...]:
        """ECS's own events among them."""
        return tuple(event.message for event in self.news if isinstance(event, ServiceEvent))
