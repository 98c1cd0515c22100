"""Log events: put, and read from one stream.

A token is a position between events. `f/` reads on after it, `b/` reads back from it, and at either end the
same position comes back, which is how clients see that there is no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from shipway.api.call import Call
from shipway.api.logs.groups import find_group, invalid
from shipway.api.logs.streams import find_stream, sequence_token
from shipway.store.log_events import (
    DAY_MS,
    EVENT_OVERHEAD_BYTES,
    FIRST,
    LAST,
    LogEvent,
    LogGroup,
    Position,
)

BATCH_BYTES_MAX = 1_048_576
ANSWER_BYTES_MAX = 1_048_576
EVENTS_MAX = 10_000
TOO_NEW_MS = 2 * 3600 * 1000
TOO_OLD_MS = 14 * DAY_MS

TOKEN = re.compile(r"(?P<direction>[fb])/(?P<event_at>\d{20})(?P<event_id>\d{36})/s", re.ASCII)


def put_log_events(call: Call, request: Any) -> dict[str, Any]:
    group = find_group(call, request.log_group_name)
    stream = find_stream(call, group, request.log_stream_name)
    events = [(event.timestamp, event.message) for event in request.log_events]
    check_batch(events)
    now_ms = call.clock.now_ms()
    first, last, rejected = acceptable(events, group, now_ms)
    call.log_events.put(group, stream, events[first:last], now_ms)
    answer: dict[str, Any] = {"nextSequenceToken": sequence_token(stream)}
    if rejected:
        answer["rejectedLogEventsInfo"] = rejected
    return answer


def check_batch(events: list[tuple[int, str]]) -> None:
    size = sum(len(message.encode()) + EVENT_OVERHEAD_BYTES for _, message in events)
    if size > BATCH_BYTES_MAX:
        raise invalid(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES_MAX}")
    if any(later[0] < earlier[0] for earlier, later in pairwise(events)):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if events[-1][0] - events[0][0] > DAY_MS:
        raise invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )


def acceptable(
    events: list[tuple[int, str]], group: LogGroup, now_ms: int
) -> tuple[int, int, dict[str, int]]:
    """The first and one past the last event that may be kept, and what is to be said of the others."""
    rejected = {}
    too_old = sum(event_at < now_ms - TOO_OLD_MS for event_at, _ in events)
    expired = 0
    if group.retention_days is not None:
        expired = sum(event_at < now_ms - group.retention_days * DAY_MS for event_at, _ in events)
    too_new = sum(event_at > now_ms + TOO_NEW_MS for event_at, _ in events)
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(events) - too_new
    return max(too_old, expired), len(events) - too_new, rejected


def get_log_events(call: Call, request: Any) -> dict[str, Any]:
    group = find_group(call, request.log_group_name, request.log_group_identifier)
    stream = find_stream(call, group, request.log_stream_name)
    after = FIRST if request.start_time is None else (request.start_time, -1)
    before = LAST if request.end_time is None else min(LAST, (request.end_time, -1))
    direction, position = read_token(request.next_token)
    limit = request.limit or EVENTS_MAX
    if position is not None:
        after, before = (max(after, position), before) if direction == "f" else (after, min(before, position))
    if direction == "f" or (position is None and request.start_from_head):
        events = within_answer(call.log_events.read(stream, after, before, limit))
    else:
        events = within_answer(call.log_events.read_back(stream, after, before, limit)[::-1])[::-1]
    forward, backward = edges(events, after, direction, position)
    return {
        "events": [
            {"timestamp": event.event_at, "message": event.message, "ingestionTime": event.ingested_at}
            for event in events
        ],
        "nextForwardToken": token_of("f", forward),
        "nextBackwardToken": token_of("b", backward),
    }


def edges(
    events: list[LogEvent], after: Position, direction: str, position: Position | None
) -> tuple[Position, Position]:
    """Where to read on from, and where to read back from; neither position is read again."""
    if events:
        return events[-1].position, events[0].position
    if direction == "b" and position is not None:
        return (position[0], position[1] - 1), position
    last_read = position or after
    return last_read, (last_read[0], last_read[1] + 1)


def within_answer(events: Iterable[LogEvent]) -> list[LogEvent]:
    """As many of the events as one answer may carry, and at least one."""
    kept: list[LogEvent] = []
    size = 0
    for event in events:
        size += len(event.message) + EVENT_OVERHEAD_BYTES
        if kept and size > ANSWER_BYTES_MAX:
            break
        kept.append(event)
    return kept


def token_of(direction: str, position: Position) -> str:
    return f"{direction}/{max(position[0], 0):020d}{max(position[1], 0):036d}/s"


def read_token(token: str | None) -> tuple[str, Position | None]:
    if not token:
        return "", None
    match = TOKEN.fullmatch(token)
    if match is None:
        raise invalid("The specified nextToken is invalid.")
    return match["direction"], min(LAST, (int(match["event_at"]), min(int(match["event_id"]), LAST[1])))
