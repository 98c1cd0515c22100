"""What containers write ends in CloudWatch Logs, whether they ask for it or not."""

from __future__ import annotations

import pytest

from tests.end_to_end.local_ecs import LocalEcs, eventually

pytestmark = pytest.mark.docker

COUNT = "for word in one two three; do echo $word; done; echo oh no >&2"


def test_default_lines_must_be_in_the_familys_group(local: LocalEcs) -> None:
    """Standard output and error, in order, in a stream that names container and task."""
    definition = local.register("talks", {"name": "main", "command": ["sh", "-c", COUNT]})
    task_id = local.finished(definition)[""]["taskArn"].split("/")[-1]
    local.lines("/ecs/talks", lambda lines: len(lines) == 4)
    answer = local.logs.get_log_events(
        logGroupName="/ecs/talks", logStreamName=f"main/main/{task_id}", startFromHead=True
    )
    lines = [event["message"] for event in answer["events"]]
    assert sorted(lines) == ["oh no", "one", "three", "two"]
    assert [line for line in lines if line != "oh no"] == ["one", "two", "three"]
    found = local.lines("/ecs/talks", bool, filterPattern="no")
    assert found == ["oh no"]


class Tail:
    """What `aws logs tail --follow` does: FilterLogEvents from the latest moment on, each event once."""

    def __init__(self, local: LocalEcs, group: str) -> None:
        self.logs = local.logs
        self.group = group
        self.since: dict[str, int] = {}
        self.seen: set[str] = set()

    def new_lines(self) -> list[str]:
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.group, interleaved=True, **self.since
        )
        lines = []
        for event in (event for page in pages for event in page["events"]):
            if event["eventId"] not in self.seen:
                self.seen.add(event["eventId"])
                self.since["startTime"] = max(event["timestamp"], self.since.get("startTime", 0))
                lines.append(event["message"])
        return lines


def test_awslogs_must_be_followed(local: LocalEcs) -> None:
    """Lines are seen as they come, each once, in the group and stream that were asked for."""
    options = {
        "awslogs-group": "followed",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "web",
        "awslogs-create-group": "true",
    }
    talker = {
        "name": "main",
        "command": ["sh", "-c", "n=0; while :; do n=$((n+1)); echo line $n; sleep 1; done"],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        "stopTimeout": 2,
    }
    arn = local.run(local.register("followed", talker))
    local.lines("followed", bool)
    tail, seen = Tail(local, "followed"), list[str]()

    def followed() -> list[str]:
        seen.extend(tail.new_lines())
        return seen

    eventually("four lines came", followed, lambda lines: len(lines) >= 4)
    assert seen == [f"line {number + 1}" for number in range(len(seen))]
    local.ecs.stop_task(task=arn)
    (stream,) = local.logs.describe_log_streams(logGroupName="followed")["logStreams"]
    assert stream["logStreamName"] == f"web/main/{arn.split('/')[-1]}"
