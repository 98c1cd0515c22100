"""FilterLogEvents: the events of a group's streams, interleaved by time, that match a pattern.

A call looks at a bounded number of events, so that a rare pattern in a large group does not hold up the event
loop. When more are left it answers with a token, perhaps with no event, as Amazon's own does.
"""

from __future__ import annotations

import re
from typing import Any

from shipway.api.call import Call
from shipway.api.logs.events import ANSWER_BYTES_MAX, EVENTS_MAX
from shipway.api.logs.filter_pattern import PatternError, compile_pattern
from shipway.api.logs.groups import find_group, invalid
from shipway.api.logs.streams import find_stream
from shipway.store.log_events import (
    EVENT_OVERHEAD_BYTES,
    FIRST,
    LAST,
    LogEvent,
    LogGroup,
    LogStream,
    Position,
)

BATCH = 1000
LOOKED_AT_MAX = 10_000

TOKEN = re.compile(r"(?P<event_at>\d{20})(?P<event_id>\d{36})", re.ASCII)


def filter_log_events(call: Call, request: Any) -> dict[str, Any]:
    group = find_group(call, request.log_group_name, request.log_group_identifier)
    streams = wanted_streams(call, group, request)
    try:
        matches = compile_pattern(request.filter_pattern or "")
    except PatternError as error:
        raise invalid(f"Invalid filter pattern: {error}") from error
    after = FIRST if request.start_time is None else (request.start_time, -1)
    if request.next_token:
        after = max(after, read_token(request.next_token))
    before = LAST if request.end_time is None else min(LAST, (request.end_time + 1, -1))
    found: list[LogEvent] = []
    looked_at = size = 0
    while looked_at < LOOKED_AT_MAX:
        events = read_batch(call, group, streams, (after, before))
        for event in events:
            size += len(event.message) + EVENT_OVERHEAD_BYTES
            if len(found) == (request.limit or EVENTS_MAX) or (found and size > ANSWER_BYTES_MAX):
                return filtered(found, streams, token_of(after))
            after = event.position
            if event.stream_id in streams and matches(event.message):
                found.append(event)
        looked_at += len(events)
        if len(events) < BATCH:
            return filtered(found, streams, None)
    return filtered(found, streams, token_of(after))


def wanted_streams(call: Call, group: LogGroup, request: Any) -> dict[int, LogStream]:
    names, prefix = request.log_stream_names, request.log_stream_name_prefix
    if names and prefix:
        raise invalid("logStreamNames and logStreamNamePrefix can not be given together.")
    if names:
        streams = [find_stream(call, group, name) for name in names]
    else:
        streams = [
            stream for stream in call.log_events.streams(group) if stream.name.startswith(prefix or "")
        ]
    return {stream.stream_id: stream for stream in streams}


def read_batch(
    call: Call, group: LogGroup, streams: dict[int, LogStream], between: tuple[Position, Position]
) -> list[LogEvent]:
    if len(streams) == 1:
        (stream,) = streams.values()
        return call.log_events.read(stream, *between, BATCH)
    return call.log_events.read_group(group, *between, BATCH) if streams else []


def filtered(found: list[LogEvent], streams: dict[int, LogStream], token: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "events": [
            {
                "logStreamName": streams[event.stream_id].name,
                "timestamp": event.event_at,
                "message": event.message,
                "ingestionTime": event.ingested_at,
                "eventId": token_of(event.position),
            }
            for event in found
        ],
        "searchedLogStreams": [],
    }
    if token is not None:
        answer["nextToken"] = token
    return answer


def token_of(position: Position) -> str:
    return f"{max(position[0], 0):020d}{max(position[1], 0):036d}"


def read_token(token: str) -> Position:
    match = TOKEN.fullmatch(token)
    if match is None:
        raise invalid("The specified nextToken is invalid.")
    return min(LAST, (int(match["event_at"]), min(int(match["event_id"]), LAST[1])))
