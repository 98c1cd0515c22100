"""Every call to CloudWatch Logs that the deploy half makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.deploy.edge.calls import Calls
from shipway.deploy.errors import AwsRefusal

Members = dict[str, Any]


@dataclass(frozen=True)
class Between:
    """From a moment on, to before another; None leaves that side open."""

    start_ms: int | None = None
    end_ms: int | None = None


class Logs:
    """Log events of one stream; a stream that is not there yet has none."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def last_lines(self, group: str, stream: str, count: int) -> list[str]:
        request = {"logGroupName": group, "logStreamName": stream, "limit": count, "startFromHead": False}
        return [
            str(event.get("message", "")).rstrip("\n") for event in self._events(request).get("events", ())
        ]

    def found_lines(self, group: str, stream: str, count: int, start_ms: int) -> list[str]:
        """The same by FilterLogEvents, which goes forward: its last page has the last lines."""
        request: Members = {"logGroupName": group, "logStreamNames": [stream], "startTime": start_ms}
        found: list[Members] = []
        while True:
            answer = self._calls.call("FilterLogEvents", request)
            found = [*found, *answer.get("events", ())][-count:]
            if not answer.get("nextToken"):
                return [str(event.get("message", "")).rstrip("\n") for event in found]
            request["nextToken"] = answer["nextToken"]

    def since(
        self, group: str, stream: str, between: Between, token: str | None
    ) -> tuple[list[Members], str | None]:
        """Events after the token (or from the start moment on), oldest first, and the token to go on with."""
        request: Members = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
        if between.start_ms is not None:
            request["startTime"] = between.start_ms
        if between.end_ms is not None:
            request["endTime"] = between.end_ms
        if token is not None:
            request["nextToken"] = token
        answer = self._events(request)
        return list(answer.get("events", ())), answer.get("nextForwardToken", token)

    def _events(self, request: Members) -> Members:
        try:
            return self._calls.call("GetLogEvents", request)
        except AwsRefusal as refusal:
            if refusal.code == "ResourceNotFoundException":
                return {}
            raise
