"""From a container's lines to the events of its log stream, as Docker's awslogs driver makes them. Pure.

A line is an event; an empty one is none, for CloudWatch Logs refuses it and the whole batch with it. With
`awslogs-multiline-pattern` or `awslogs-datetime-format` a line that matches begins an event, and those
that do not belong to the one before.
"""

from __future__ import annotations

import re

import msgspec

from shipway.agent.engine import LogLine

EVENT_BYTES_MAX = 262_144 - 26
DATETIME_FORMAT, MULTILINE_PATTERN = "awslogs-datetime-format", "awslogs-multiline-pattern"
DATETIME_PARTS = {
    "%a": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)",
    "%A": r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)",
    "%w": r"[0-6]",
    "%d": r"(?:0[1-9]|[12][0-9]|3[01])",
    "%b": r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
    "%B": r"(?:January|February|March|April|May|June|July|August|September|October|November|December)",
    "%m": r"(?:0[1-9]|1[0-2])",
    "%Y": r"\d{4}",
    "%y": r"\d{2}",
    "%H": r"(?:[01][0-9]|2[0-3])",
    "%I": r"(?:0[0-9]|1[0-2])",
    "%p": r"[AP]M",
    "%M": r"[0-5][0-9]",
    "%S": r"[0-5][0-9]",
    "%L": r"\.\d{3}",
    "%z": r"[+-]\d{4}",
    "%Z": r"[A-Z]{1,4}T",
    "%j": r"(?:0[0-9][1-9]|[012][0-9][0-9]|3[0-5][0-9]|36[0-6])",
}
"""The parts of strftime that the option knows. What stands between them is a regular expression already."""


class LogEvent(msgspec.Struct, frozen=True):
    """`last_ns` is the moment of its last line: after a restart reading goes on behind it."""

    timestamp_ns: int
    text: str
    last_ns: int


def first_line_pattern(options: dict[str, str]) -> str:
    """The regular expression of an event's first line; empty when every line is one. Raises ValueError."""
    pattern, form = options.get(MULTILINE_PATTERN, ""), options.get(DATETIME_FORMAT, "")
    if pattern and form:
        raise ValueError(f"{DATETIME_FORMAT} and {MULTILINE_PATTERN} cannot be used at the same time")
    text = pattern or re.sub("%.", lambda part: DATETIME_PARTS.get(part[0], part[0]), form)
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{pattern or form}' is no regular expression: {error}") from None
    return text


class EventJoiner:
    """Collects the lines of one event after another."""

    def __init__(self, pattern: str) -> None:
        self._begins = re.compile(pattern) if pattern else None
        self._lines: list[LogLine] = []
        self._size = 0

    @property
    def open(self) -> bool:
        """An event has begun, and the next line may still belong to it."""
        return bool(self._lines)

    def add(self, line: LogLine) -> LogEvent | None:
        """The event that this line completes: itself, or the one that it does not belong to any more."""
        if self._begins is None:
            return LogEvent(line.timestamp_ns, line.text, line.timestamp_ns) if line.text else None
        size = len(line.text.encode()) + 1
        ended = None
        if self._begins.search(line.text) or self._size + size > EVENT_BYTES_MAX:
            ended = self.take()
        self._lines.append(line)
        self._size += size
        return ended

    def take(self) -> LogEvent | None:
        """The open event, as it is."""
        lines, self._lines, self._size = self._lines, [], 0
        text = "\n".join(line.text for line in lines)
        return LogEvent(lines[0].timestamp_ns, text, lines[-1].timestamp_ns) if text.strip("\n") else None
