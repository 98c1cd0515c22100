"""Log lines printed on stdout, each with its container's name when there is more than one to tell apart."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

from shipway.deploy.planning.log_places import LogPlace
from shipway.deploy.planning.references import shorter

COLOURS = (36, 33, 32, 35, 34, 31)


def line_document(place: LogPlace, event: dict[str, Any]) -> dict[str, Any]:
    """For `-o json`."""
    return {
        "container": place.container,
        "task": place.stream.rsplit("/", 1)[-1],
        "message": str(event.get("message", "")).rstrip("\n"),
        "timestamp": event.get("timestamp"),
    }


class LogLines:
    """Prints events as they come."""

    def __init__(
        self,
        *,
        with_task: bool = False,
        with_container: bool = True,
        to_json: bool = False,
        stream: TextIO | None = None,
    ) -> None:
        self._with_task = with_task
        self._with_container = with_container
        self._to_json = to_json
        self._stream = sys.stdout if stream is None else stream
        self._colours: dict[str, int] = {}

    def __call__(self, place: LogPlace, event: dict[str, Any]) -> None:
        if self._to_json:
            print(json.dumps(line_document(place, event)), file=self._stream, flush=True)
        else:
            message = line_document(place, event)["message"]
            print(f"{self._prefix(place)}{message}", file=self._stream, flush=True)

    def _prefix(self, place: LogPlace) -> str:
        parts = [place.container] if self._with_container else []
        if self._with_task:
            parts.append(shorter(place.stream))
        if not parts:
            return ""
        name = "/".join(parts)
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        if self._stream.isatty() and not os.environ.get("NO_COLOR"):
            return f"\033[{colour}m{name} |\033[0m "
        return f"{name} | "
