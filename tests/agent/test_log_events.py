"""What is an event of a log stream."""

from __future__ import annotations

import re

import pytest

from shipway.agent.engine import LogLine
from shipway.agent.log_events import EVENT_BYTES_MAX, EventJoiner, first_line_pattern


def events_of(pattern: str, *lines: str) -> list[str]:
    joiner = EventJoiner(pattern)
    ended = [joiner.add(LogLine(moment, line)) for moment, line in enumerate(lines, 1)]
    return [event.text for event in (*ended, joiner.take()) if event]


def test_without_a_pattern_every_line_but_an_empty_one_is_an_event() -> None:
    """An empty message is one that CloudWatch Logs refuses."""
    assert events_of("", "one", "", "two") == ["one", "two"]


def test_lines_that_do_not_match_belong_to_the_event_before() -> None:
    """Empty ones too, and so do those before the first that matches."""
    assert events_of("^E", "early", "E1", "", "trace", "E2") == ["early", "E1\n\ntrace", "E2"]


def test_an_event_is_not_longer_than_cloudwatch_takes() -> None:
    """A program that never matches again does not collect lines for ever."""
    half = "x" * (EVENT_BYTES_MAX // 2)
    assert [len(text) for text in events_of("^E", half, half, "x")] == [len(half), len(half) + 2]


def test_an_event_tells_its_first_and_its_last_moment() -> None:
    """It bears the first; after a restart reading goes on behind the last."""
    joiner = EventJoiner("^E")
    assert joiner.add(LogLine(1, "E")) is None and joiner.add(LogLine(2, "trace")) is None
    event = joiner.add(LogLine(3, "E"))
    assert event is not None and (event.timestamp_ns, event.last_ns) == (1, 2)
    assert joiner.open


@pytest.mark.parametrize(
    ("form", "line", "matches"),
    [
        (r"\[%b %d, %Y %H:%M:%S\]", "[May 01, 2017 19:00:01] A message", True),
        (r"\[%b %d, %Y %H:%M:%S\]", "Another line", False),
        ("%Y-%m-%d %H:%M:%S%L", "2026-11-26 18:21:35.214 INFO", True),
        ("%Y-%m-%dT", "at com.example.Main(Main.java:2026)", False),
    ],
)
def test_a_datetime_format_says_which_lines_begin(form: str, line: str, matches: bool) -> None:
    """strftime's parts stand for what they print; the rest is a regular expression."""
    pattern = first_line_pattern({"awslogs-datetime-format": form})
    assert bool(re.search(pattern, line)) == matches


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"awslogs-multiline-pattern": "("}, "is no regular expression"),
        ({"awslogs-multiline-pattern": "a", "awslogs-datetime-format": "%Y"}, "at the same time"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_said(options: dict[str, str], text: str) -> None:
    """Before the container starts."""
    with pytest.raises(ValueError, match=text):
        first_line_pattern(options)
