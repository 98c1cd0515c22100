"""Read the log lines of running tasks as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.logs import Between
from shipway.deploy.planning.log_places import LogPlace

Members = dict[str, Any]
Emit = Callable[[LogPlace, Members], None]

ANY_TIME = Between()

# A burst of pages is read to its end, but a task that floods its log must not hold up the watch.
PAGES_MAX = 10


class LogFollower:
    """Follows several streams, each from where it was left."""

    def __init__(self, aws: Aws, emit: Emit, between: Between = ANY_TIME) -> None:
        self._aws = aws
        self._emit = emit
        self._between = between
        self._places: dict[LogPlace, str | None] = {}

    def add(self, place: LogPlace) -> None:
        self._places.setdefault(place, None)

    def look(self) -> int:
        """Emit what is new, of all streams in the order of time; how many lines it was."""
        new: list[tuple[LogPlace, Members]] = []
        for place in list(self._places):
            for _ in range(PAGES_MAX):
                events, token = self._aws.logs.since(
                    place.group, place.stream, self._between, self._places[place]
                )
                self._places[place] = token
                new += [(place, event) for event in events]
                if not events:
                    break
        for place, event in sorted(new, key=lambda found: int(found[1].get("timestamp") or 0)):
            self._emit(place, event)
        return len(new)
