"""The events of a deployment: what a reader of the library and of `-o jsonl` relies upon."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

from shipway.deploy.edge.progress import EventLines
from shipway.deploy.errors import DeployError
from shipway.deploy.event_stream import events_of
from shipway.deploy.events import (
    ActionBegun,
    BreakerCounted,
    Ended,
    Event,
    Note,
    TasksCounted,
    TrafficShifted,
)
from shipway.deploy.planning.actions import BuildImage
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.tools import Tools

from .fakes import World
from .hello import deployed


def test_a_deployment_is_told_from_the_first_action_to_the_verdict() -> None:
    """Every event is the service's, each action begins and is done, and the verdict is the last."""
    world = World()
    outcome = deployed(world)
    told = [event.as_document() for event in world.progress.events]
    names = [str(document["event"]) for document in told]
    assert {document["service"] for document in told} == {"hello"}
    assert names.count("actionBegun") == names.count("actionDone") == 5
    assert [name for name in names if not name.startswith("action")] == [
        "imagePushed",
        "taskDefinitionRegistered",
        "deploymentFollowed",
        "statusChanged",
        "tasksCounted",
        "tasksCounted",
        "ended",
    ]
    assert {key: told[-1][key] for key in outcome.as_document()} == outcome.as_document()


@pytest.mark.parametrize(
    ("event", "document", "text"),
    [
        (Note("x", service="s"), {"event": "note", "service": "s", "sentence": "x"}, "x"),
        (
            TasksCounted("hello:2", 3, 1, 1),
            {
                "event": "tasksCounted",
                "service": "",
                "revision": "hello:2",
                "requested": 3,
                "running": 1,
                "pending": 1,
                "rollingBack": False,
            },
            "hello:2: 1 of 3 tasks running, 1 starting",
        ),
        (
            TrafficShifted("production", 10.0, "hello:2"),
            {
                "event": "trafficShifted",
                "service": "",
                "traffic": "production",
                "percent": 10.0,
                "revision": "hello:2",
            },
            "production traffic: 10 % to hello:2",
        ),
        (
            BreakerCounted(1, 3),
            {"event": "breakerCounted", "service": "", "failures": 1, "threshold": 3},
            "circuit breaker: 1 of 3 failures",
        ),
    ],
)
def test_an_event_has_a_document_and_a_line(event: Event, document: dict[str, object], text: str) -> None:
    """The members' names are a promise."""
    assert (event.as_document(), event.text()) == (document, text)


def test_event_lines_are_json_beside_the_lines_for_people() -> None:
    """One document a line, with the moment; the other reader misses nothing."""
    world, stream = World(), io.StringIO()
    lines = EventLines(world.progress, stream)
    lines.tell(Note("hello"))
    document = json.loads(stream.getvalue())
    assert isinstance(document.pop("atMs"), int)
    assert document == {"event": "note", "service": "", "sentence": "hello"}
    assert world.progress.lines == ["hello"]


def running(world: World) -> Callable[[Tools], object]:
    """A deployment with the stand-ins' Docker and time, and the library's own telling and interruption."""

    def run(tools: Tools) -> object:
        world.tools = Tools(world.docker, tools.progress, world.pace, tools.interruption)
        return deployed(world)

    return run


def test_the_library_yields_the_events_and_the_verdict_last() -> None:
    """In the order in which they happened."""
    events = list(events_of(running(World())))
    assert isinstance(events[0], ActionBegun)
    last = events[-1]
    assert isinstance(last, Ended)
    assert last.outcome.verdict is Verdict.DEPLOYED
    assert sum(isinstance(event, Ended) for event in events) == 1


def test_what_goes_wrong_is_raised_where_the_events_are_read() -> None:
    """With what was said before it."""

    def run(tools: Tools) -> None:
        tools.progress.say("looking")
        raise DeployError("The cluster is gone.")

    stream = events_of(run)
    assert next(stream) == Note("looking")
    with pytest.raises(DeployError, match=r"The cluster is gone\."):
        next(stream)


def test_who_stops_reading_before_ecs_has_begun_leaves_nothing_behind() -> None:
    """A build that goes on and on ends at its next line; nothing was made."""

    def build(action: BuildImage, folder: str, say: Callable[[str], None]) -> NoReturn:
        while True:
            say("Step 1/3")

    world = World()
    world.docker.build = build  # type: ignore[method-assign]
    stream = events_of(running(world))
    assert isinstance(next(stream), ActionBegun)
    stream.close()
    assert (world.ecs.services, world.ecr.repositories) == ({}, [])
    assert [thread.name for thread in threading.enumerate() if thread.name == "shipway-deploy"] == []


def test_who_stops_reading_the_watch_leaves_ecs_at_work() -> None:
    """The thread has ended when close returns, and nothing was asked of ECS meanwhile."""
    world = World()
    world.ecs.courses = [["IN_PROGRESS"] * 1_000_000]
    stream = events_of(running(world))
    for event in stream:
        if isinstance(event, TasksCounted):
            break
    stream.close()
    assert world.ecs.requests("StopServiceDeployment") == []
    assert [thread.name for thread in threading.enumerate() if thread.name == "shipway-deploy"] == []


def test_importing_shipway_costs_nothing() -> None:
    """Nothing is imported before it is used; and then the package itself is the verb."""
    code = """
import sys, shipway
before = [name for name in sys.modules if name.startswith(("boto", "shipway"))]
import shipway.deploy.edge.aws
print(before, callable(shipway.deploy), shipway.Verdict)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "['shipway'] True <enum 'Verdict'>\n"
