"""Log streams."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.errors import ApiError
from shipway.api.logs.groups import find_group, group_arn, invalid, next_token, one_page
from shipway.store.log_events import LogGroup, LogStream


def create_log_stream(call: Call, request: Any) -> dict[str, Any]:
    group = find_group(call, request.log_group_name)
    if not call.log_events.create_stream(group, request.log_stream_name, call.clock.now_ms()):
        raise ApiError("ResourceAlreadyExistsException", "The specified log stream already exists")
    return {}


def delete_log_stream(call: Call, request: Any) -> dict[str, Any]:
    group = find_group(call, request.log_group_name)
    call.log_events.delete_stream(find_stream(call, group, request.log_stream_name))
    return {}


def describe_log_streams(call: Call, request: Any) -> dict[str, Any]:
    group = find_group(call, request.log_group_name, request.log_group_identifier)
    by_time = request.order_by == "LastEventTime"
    if by_time and request.log_stream_name_prefix:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    streams = [
        stream
        for stream in call.log_events.streams(group)
        if stream.name.startswith(request.log_stream_name_prefix or "")
    ]
    descending = bool(request.descending)
    if by_time:
        sign = -1 if descending else 1
        found, token = one_page(
            streams, lambda stream: time_key(stream, sign), request.next_token, request.limit
        )
    elif descending:
        # Names have no negative: number them backwards instead.
        places = {stream.name: -place for place, stream in enumerate(streams)}
        found, token = one_page(
            streams, lambda stream: places[stream.name], request.next_token, request.limit
        )
    else:
        found, token = one_page(streams, lambda stream: stream.name, request.next_token, request.limit)
    return {"logStreams": [stream_answer(call, group, stream) for stream in found], **next_token(token)}


def time_key(stream: LogStream, sign: int) -> list[Any]:
    """Streams without events come last, however the others are ordered."""
    return [stream.last_event_at is None, sign * (stream.last_event_at or 0), stream.name]


def stream_answer(call: Call, group: LogGroup, stream: LogStream) -> dict[str, Any]:
    moments = {
        "firstEventTimestamp": stream.first_event_at,
        "lastEventTimestamp": stream.last_event_at,
        "lastIngestionTime": stream.last_ingestion_at,
    }
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created_at,
        "arn": f"{group_arn(call, group.name)}:log-stream:{stream.name}",
        "uploadSequenceToken": sequence_token(stream),
        "storedBytes": 0,  # Amazon's own answer since 2019
        **{name: moment for name, moment in moments.items() if moment is not None},
    }


def find_stream(call: Call, group: LogGroup, name: str) -> LogStream:
    stream = call.log_events.stream(group, name)
    if stream is None:
        raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
    return stream


def sequence_token(stream: LogStream) -> str:
    """Clients still carry it; nothing looks at it."""
    return f"{stream.stream_id:056d}"
