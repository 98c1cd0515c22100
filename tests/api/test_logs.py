"""CloudWatch Logs through boto3: groups, streams, events, reading and filtering."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from shipway.store.log_events import DAY_MS
from tests.api.front_door import FrontDoor

GROUP, STREAM = "/ecs/hello", "web/hello/1"


@pytest.fixture
def logs(front_door: FrontDoor) -> Any:
    """A client, with one group and one stream."""
    client = front_door.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    return client


@pytest.fixture
def now_ms(front_door: FrontDoor) -> int:
    """The present."""
    return front_door.context.clock.now_ms()


def put(logs: Any, events: list[tuple[int, str]], stream: str = STREAM) -> dict[str, Any]:
    rows = [{"timestamp": event_at, "message": message} for event_at, message in events]
    answer: dict[str, Any] = logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=rows)
    return answer


def read(logs: Any, **parameters: Any) -> tuple[list[str], str, str]:
    """Messages, and the tokens onward and back."""
    answer = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, **parameters)
    return (
        [event["message"] for event in answer["events"]],
        answer["nextForwardToken"],
        answer["nextBackwardToken"],
    )


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return f"{refused.value.response['Error']['Code']}: {refused.value.response['Error']['Message']}"


def test_what_exists_already_or_not_at_all_is_said(logs: Any) -> None:
    """Groups and streams are made once, and looked for before use."""
    exists = "ResourceAlreadyExistsException: The specified log"
    assert code_of(logs.create_log_group, logGroupName=GROUP) == f"{exists} group already exists"
    stream = {"logGroupName": GROUP, "logStreamName": STREAM}
    assert code_of(logs.create_log_stream, **stream) == f"{exists} stream already exists"
    missing = "ResourceNotFoundException: The specified log"
    assert code_of(logs.delete_log_group, logGroupName="no") == f"{missing} group does not exist."
    stream["logStreamName"] = "no"
    assert code_of(logs.get_log_events, **stream) == f"{missing} stream does not exist."


def test_groups_are_listed_by_prefix_and_pattern_in_pages(logs: Any) -> None:
    """boto3's paginator goes through all groups by name."""
    for number in range(7):
        logs.create_log_group(logGroupName=f"/aws/lambda/f{number}", tags={"team": "blue"})
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3})
    names = [[group["logGroupName"] for group in page["logGroups"]] for page in pages]
    assert [len(page) for page in names] == [3, 3, 2]
    everything = [name for page in names for name in page]
    assert everything == sorted(everything) and GROUP in everything
    by_prefix = logs.describe_log_groups(logGroupNamePrefix="/ecs/")["logGroups"]
    by_pattern = logs.describe_log_groups(logGroupNamePattern="HELLO")["logGroups"]
    assert by_prefix == by_pattern
    (group,) = by_prefix
    assert group["arn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*"
    assert code_of(logs.describe_log_groups, nextToken="made up").startswith("InvalidParameterException")


def test_retention_and_tags_are_kept(logs: Any) -> None:
    """A retention policy is set, shown and deleted; tags are addressed by ARN."""
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=14)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 14
    logs.delete_retention_policy(logGroupName=GROUP)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert "retentionInDays" not in group
    arn = group["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    assert "14, 30" in code_of(logs.put_retention_policy, logGroupName=GROUP, retentionInDays=15)


def test_streams_are_ordered_by_name_or_by_their_last_event(logs: Any, now_ms: int) -> None:
    """Both orders, both ways, in pages."""
    for number, stream in enumerate(["b", "c", "a"]):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        put(logs, [(now_ms + number, "x")], stream)

    def names(**order: Any) -> list[str]:
        paginator = logs.get_paginator("describe_log_streams")
        pages = paginator.paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 2}, **order)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert names() == ["a", "b", "c", STREAM]
    assert names(descending=True) == [STREAM, "c", "b", "a"]
    assert names(orderBy="LastEventTime") == ["b", "c", "a", STREAM]
    assert names(orderBy="LastEventTime", descending=True) == ["a", "c", "b", STREAM]
    assert names(logStreamNamePrefix="b") == ["b"]


def test_events_are_read_from_either_end(logs: Any, now_ms: int) -> None:
    """Tokens lead on and back, and come back unchanged at the end."""
    put(logs, [(now_ms + number, f"m{number}") for number in range(10)])
    messages, forward, backward = read(logs, limit=4)
    assert messages == ["m6", "m7", "m8", "m9"]
    assert read(logs, nextToken=forward) == ([], forward, read(logs, nextToken=forward)[2])
    messages, _, backward = read(logs, limit=4, nextToken=backward)
    assert messages == ["m2", "m3", "m4", "m5"]
    messages, _, backward = read(logs, limit=4, nextToken=backward)
    assert messages == ["m0", "m1"]
    assert read(logs, nextToken=backward)[::2] == ([], backward)

    messages, forward, _ = read(logs, limit=6, startFromHead=True)
    assert messages == ["m0", "m1", "m2", "m3", "m4", "m5"]
    put(logs, [(now_ms + 20, "late")])
    assert read(logs, nextToken=forward)[0] == ["m6", "m7", "m8", "m9", "late"]
    assert read(logs, startTime=now_ms + 3, endTime=now_ms + 5)[0] == ["m3", "m4"]


def test_a_reader_may_wait_at_an_empty_stream(logs: Any, now_ms: int) -> None:
    """The token of an empty answer finds what comes later."""
    messages, forward, _ = read(logs)
    assert messages == []
    put(logs, [(now_ms, "first")])
    assert read(logs, nextToken=forward)[0] == ["first"]


@pytest.mark.parametrize(
    ("offsets", "kept", "rejected"),
    [
        ([-15 * DAY_MS, -15 * DAY_MS + 1], [], {"tooOldLogEventEndIndex": 2}),
        ([0, 3 * 3600 * 1000], ["0"], {"tooNewLogEventStartIndex": 1}),
        ([-2 * DAY_MS, -2 * DAY_MS + 9], [], {"expiredLogEventEndIndex": 2}),
    ],
)
def test_events_out_of_time_are_rejected_one_by_one(
    logs: Any, now_ms: int, offsets: list[int], kept: list[str], rejected: dict[str, int]
) -> None:
    """Too old, too new or past retention: the others are kept and the answer says where the line is."""
    logs.put_retention_policy(
        logGroupName=GROUP, retentionInDays=1 if "expiredLogEventEndIndex" in rejected else 30
    )
    answer = put(logs, [(now_ms + offset, str(number)) for number, offset in enumerate(offsets)])
    assert answer["rejectedLogEventsInfo"] == rejected
    assert read(logs)[0] == kept


def test_a_batch_has_its_limits(logs: Any, now_ms: int) -> None:
    """Order, span and size are those of CloudWatch Logs."""
    batch = {"logGroupName": GROUP, "logStreamName": STREAM}

    def refused(*moments: int, message: str = "x") -> str:
        events = [{"timestamp": now_ms + moment, "message": message} for moment in moments]
        return code_of(logs.put_log_events, logEvents=events, **batch)

    assert "chronological order" in refused(1, 0)
    assert "24 hours" in refused(-DAY_MS - 1, 0)
    assert "Upload too large: 1100026 bytes" in refused(0, message="x" * 1_100_000)
    assert "logEvents" in refused()


def test_filtering_interleaves_streams_and_looks_for_a_pattern(logs: Any, now_ms: int) -> None:
    """Events of all streams in the order of time; streams and times narrow the search."""
    logs.create_log_stream(logGroupName=GROUP, logStreamName="other")
    put(logs, [(now_ms, "GET a 200"), (now_ms + 2, "GET b 500")])
    put(logs, [(now_ms + 1, "GET c 500"), (now_ms + 3, "POST d 500")], "other")

    def found(**narrow: Any) -> list[str]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, **narrow)
        return [event["message"].split()[1] for page in pages for event in page["events"]]

    assert found() == ["a", "c", "b", "d"]
    assert found(filterPattern="GET 500") == ["c", "b"]
    assert found(logStreamNames=["other"]) == ["c", "d"]
    assert found(logStreamNamePrefix="web/", filterPattern="500") == ["b"]
    assert found(startTime=now_ms + 1, endTime=now_ms + 2) == ["c", "b"]
    assert found(PaginationConfig={"PageSize": 1}) == ["a", "c", "b", "d"]
    assert "Invalid filter pattern" in code_of(
        logs.filter_log_events, logGroupName=GROUP, filterPattern="[a]"
    )


def test_filtering_goes_on_past_what_one_call_looks_at(logs: Any, now_ms: int) -> None:
    """A rare pattern in a large group is found by following the tokens; a call looks at 10,000 events."""
    put(logs, [(now_ms, "hay")] * 9000)
    put(logs, [(now_ms, "hay")] * 9000)
    put(logs, [(now_ms, "needle")])
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, filterPattern="needle"))
    assert [len(page["events"]) for page in pages] == [0, 1]


def test_a_tail_sees_each_event_once(logs: Any, now_ms: int) -> None:
    """As `aws logs tail --follow` does it: ask from the last moment on, drop the event ids already shown."""
    seen: dict[str, str] = {}
    start_ms = now_ms

    def look() -> list[str]:
        nonlocal start_ms
        asked = {"logGroupIdentifier": GROUP, "interleaved": True, "startTime": start_ms}
        pages = logs.get_paginator("filter_log_events").paginate(**asked)
        events = [event for page in pages for event in page["events"]]
        new = {event["eventId"]: event for event in events if event["eventId"] not in seen}
        seen.update({event_id: event["message"] for event_id, event in new.items()})
        start_ms = max([start_ms, *(event["timestamp"] for event in new.values())])
        return [event["message"] for event in new.values()]

    put(logs, [(now_ms, "a"), (now_ms + 5, "b")])
    assert look() == ["a", "b"]
    put(logs, [(now_ms + 5, "c"), (now_ms + 6, "d")])
    assert look() == ["c", "d"]
    assert look() == []


@pytest.mark.parametrize("moment", [2**63 - 1, 2**62, 0])
def test_any_moment_may_be_asked_for(logs: Any, now_ms: int, moment: int) -> None:
    """The ends of time are moments like any other; what is beyond them is refused."""
    put(logs, [(now_ms, "x")])
    found = logs.filter_log_events(logGroupName=GROUP, startTime=0, endTime=moment)["events"]
    assert len(found) == (moment > now_ms)
    assert read(logs, startTime=moment)[0] == (["x"] if moment == 0 else [])
    beyond = {"logGroupName": GROUP, "logStreamName": STREAM, "startTime": 2**63}
    assert "startTime" in code_of(logs.get_log_events, **beyond)
    forged = f"f/{'9' * 56}/s"
    assert read(logs, nextToken=forged)[0] == []


def test_what_is_deleted_is_gone(logs: Any, now_ms: int) -> None:
    """A stream's and a group's events go with it; the name may be used again."""
    put(logs, [(now_ms, "x")])
    logs.delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    assert logs.filter_log_events(logGroupName=GROUP)["events"] == []
    logs.delete_log_group(logGroupName=GROUP)
    logs.create_log_group(logGroupName=GROUP)
    assert logs.describe_log_streams(logGroupName=GROUP)["logStreams"] == []


def test_a_follower_is_woken_by_new_events(front_door: FrontDoor, logs: Any, now_ms: int) -> None:
    """`subscribe` says that there is something to look at, until it is ended."""
    seen: list[int] = []
    end = front_door.context.log_events.subscribe(lambda: seen.append(1))
    put(logs, [(now_ms, "x")])
    end()
    put(logs, [(now_ms, "y")])
    assert seen == [1]
