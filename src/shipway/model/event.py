"""Service events: the literal sentences that DescribeServices shows, newest first, at most 100."""

from __future__ import annotations

import msgspec

EVENTS_MAX = 100


class Event(msgspec.Struct, frozen=True, gc=False):
    event_id: str
    created_at: int
    message: str


def with_events(events: tuple[Event, ...], new: tuple[Event, ...]) -> tuple[Event, ...]:
    """Adds events, oldest first in `new`; the newest comes first in what is kept."""
    return (tuple(reversed(new)) + events)[:EVENTS_MAX]
