"""The `aws` command line against the front door, pointed there as `shipway local env` does it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.api.front_door import DEADLINE_S, KEY, FrontDoor

AWS = Path(sys.executable).parent / "aws"


def aws(front_door: FrontDoor, *arguments: str) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    environment = {
        "AWS_ENDPOINT_URL": front_door.url,
        "AWS_ACCESS_KEY_ID": KEY.access_key_id,
        "AWS_SECRET_ACCESS_KEY": KEY.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "PATH": str(AWS.parent),
    }
    ended = subprocess.run(
        [sys.executable, str(AWS), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_aws_reads_what_boto3_wrote(front_door: FrontDoor) -> None:
    """Logs are filtered and a repository described with no option but the environment."""
    logs = front_door.client("logs")
    logs.create_log_group(logGroupName="/ecs/hello")
    logs.create_log_stream(logGroupName="/ecs/hello", logStreamName="web/1")
    event = {"timestamp": front_door.context.clock.now_ms(), "message": "hello there"}
    logs.put_log_events(logGroupName="/ecs/hello", logStreamName="web/1", logEvents=[event])
    query = ("--query", "events[].message", "--output", "text")
    asked = ("logs", "filter-log-events", "--log-group-name", "/ecs/hello", "--filter-pattern", "hello")
    assert aws(front_door, *asked, *query) == (0, "hello there\n")


def test_aws_shows_our_errors(front_door: FrontDoor) -> None:
    """Code and text reach the terminal."""
    code, text = aws(front_door, "ecr", "describe-images", "--repository-name", "none")
    assert code != 0
    assert "RepositoryNotFoundException" in text and "'none' does not exist" in text
