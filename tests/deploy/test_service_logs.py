"""`logs`: which lines of which tasks, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.edge.logs import Between
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.planning.log_places import LogPlace
from shipway.deploy.service_logs import LAST_LOOKS, LogChoice, pattern, stream_logs

from .fakes import World

DEFINITION = {"family": "hello", "containerDefinitions": [{"name": "web", "image": "hello:1"}]}
PREFIX = "arn:aws:ecs:r:a:task/hello/"
OLD = "0123abcd" * 4


class Logging:
    """A service whose tasks have log streams, and what was told of them."""

    def __init__(self) -> None:
        self.world = World()
        self.told: list[str] = []
        self.streams: dict[str, list[tuple[int, str]]] = {}
        ecs = self.world.ecs
        self.definition = ecs.RegisterTaskDefinition(DEFINITION)["taskDefinition"]["taskDefinitionArn"]
        ecs.CreateService({"cluster": "hello", "serviceName": "hello", "taskDefinition": self.definition})
        self.world.logs.answers["GetLogEvents"] = self._events

    def task(self, name: str, *lines: tuple[int, str], status: str = "RUNNING") -> None:
        self.world.ecs.tasks.append(
            {
                "taskArn": PREFIX + name,
                "taskDefinitionArn": self.definition,
                "lastStatus": status,
                "desiredStatus": status,
            }
        )
        self.streams[f"web/web/{name}"] = list(lines)

    def stream(self, service: str = "hello", **choice: Any) -> list[str]:
        self.told.clear()
        stream_logs(self.world.aws, service, LogChoice(**choice), self.world.tools, self._emit)
        return self.told

    def _emit(self, place: LogPlace, event: dict[str, Any]) -> None:
        self.told.append(event["message"])

    def _events(self, members: dict[str, Any]) -> dict[str, Any]:
        assert members["logGroupName"] == "/ecs/hello"
        lines = self.streams.get(members["logStreamName"], [])
        after = int(members.get("nextToken", 0))
        start_ms, end_ms = members.get("startTime", 0), members.get("endTime", 10**15)
        found = [
            {"message": text, "timestamp": moment}
            for moment, text in lines[after:]
            if start_ms <= moment < end_ms
        ]
        return {"events": found, "nextForwardToken": str(len(lines))}


def test_lines_are_those_of_the_tasks_between_the_moments() -> None:
    """From the chosen moment on, up to before the other."""
    logging = Logging()
    logging.task("feedbeef00", (1, "one"), (2, "two"), (3, "three"))
    assert logging.stream() == ["one", "two", "three"]
    assert logging.stream(between=Between(2)) == ["two", "three"]
    assert logging.stream(between=Between(2, 3)) == ["two"]


def test_silence_says_that_it_is_silence_and_where_to_look() -> None:
    """An empty answer could as well be a slip; where lines were told it is not said."""
    logging = Logging()
    logging.task("feedbeef00", (1, "one"))
    logging.stream()
    assert logging.world.progress.lines == []
    logging.stream(between=Between(2))
    assert logging.world.progress.lines[-1].startswith("there is no log line in that time; `--since 1h`")
    logging.stream(grep=pattern("two"))
    assert logging.world.progress.lines[-1].startswith("there is no such line in that time")


def test_lines_of_several_tasks_come_in_the_order_of_time() -> None:
    """Not task by task: what happened when is what a log is read for."""
    logging = Logging()
    logging.task("feedbeef00", (1, "1"), (4, "4"))
    logging.task("beeffeed00", (2, "2"), (3, "3"))
    assert logging.stream() == ["1", "2", "3", "4"]


def test_only_lines_that_match_are_told() -> None:
    """A regular expression, anywhere in the line."""
    logging = Logging()
    logging.task("feedbeef00", (1, "GET / 200"), (2, "GET /a 500"), (3, "POST /b 503"))
    assert logging.stream(grep=pattern(r" 5\d\d$")) == ["GET /a 500", "POST /b 503"]
    assert logging.stream(grep=pattern(None)) == ["GET / 200", "GET /a 500", "POST /b 503"]
    with pytest.raises(UsageError, match=r"--grep '\(a' is not a regular expression"):
        pattern("(a")


def test_one_task_is_chosen_by_the_beginning_of_its_id() -> None:
    """Also where it belongs to no service."""
    logging = Logging()
    logging.task("feedbeef00", (1, "mine"))
    logging.task("beeffeed00", (2, "other"))
    assert logging.stream(task="feed") == ["mine"]
    assert logging.stream("", task="feed") == ["mine"]


def test_the_log_of_a_task_outlives_it() -> None:
    """ECS forgets a task after an hour; its service's definition says where its log is."""
    logging = Logging()
    logging.streams[f"web/web/{OLD}"] = [(1, "last words")]
    assert logging.stream(task=OLD) == ["last words"]
    with pytest.raises(DeployError, match="ECS does not know the task 0123abcd in hello"):
        logging.stream("", task=OLD)


def test_a_followed_task_is_followed_until_its_log_is_at_its_end() -> None:
    """Its last lines may come after it has stopped."""
    logging = Logging()
    logging.task("feedbeef00", (1, "one"))
    [task] = logging.world.ecs.tasks
    pauses = []

    def pause() -> None:
        pauses.append(task["lastStatus"])
        if len(pauses) == 2:
            task["lastStatus"] = "STOPPED"
        if len(pauses) == 3:
            logging.streams["web/web/feedbeef00"].append((2, "two"))

    logging.world.pace.on_pause = pause
    assert logging.stream(task="feed", follow=True) == ["one", "two"]
    assert len(pauses) == 2 + 1 + LAST_LOOKS


def test_following_has_no_end_to_be_given() -> None:
    """Said rather than one of the two left out."""
    with pytest.raises(UsageError, match="--follow goes on without end; leave --until out"):
        Logging().stream(follow=True, between=Between(0, 1))


def test_a_container_that_is_not_there_is_refused() -> None:
    """Silence would look like an application that says nothing."""
    with pytest.raises(DeployError, match=r"no container 'wbe' in the tasks of hello\. Did you mean 'web'\?"):
        Logging().stream(container="wbe")
