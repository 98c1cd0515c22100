"""What containers write ends in CloudWatch Logs, whether they ask for it or not."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.end_to_end.local_ecs import PROGRAMS, LocalEcs

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


def test_awslogs_must_be_followed(local: LocalEcs) -> None:
    """`aws logs tail --follow` shows lines as they come, in the group and stream that were asked for."""
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
    command = [
        sys.executable,
        str(PROGRAMS / "aws"),
        "logs",
        "tail",
        "followed",
        "--follow",
        "--format",
        "short",
    ]
    environment = {**local.environment, **local.variables, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout
        seen = [follower.stdout.readline().strip() for _ in range(4)]
        follower.send_signal(signal.SIGINT)
    numbers = [int(line.split()[-1]) for line in seen]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    local.ecs.stop_task(task=arn)
    (stream,) = local.logs.describe_log_streams(logGroupName="followed")["logStreams"]
    assert stream["logStreamName"] == f"web/main/{arn.split('/')[-1]}"
