"""The progress of a run, folded in the CI system's log; the verdict stands below, unfolded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TextIO

from shipway.deploy.outputs.systems import SYSTEMS


class Fold:
    """Opened before the work; closed once, by whoever has something to say that must be seen."""

    def __init__(self, title: str, variables: Mapping[str, str], stream: TextIO) -> None:
        self._title = title
        self._stream = stream
        self._system = next(
            (
                system
                for system in SYSTEMS.values()
                if system.group is not None and system.detected_by and variables.get(system.detected_by)
            ),
            None,
        )
        self._open = False

    def open(self) -> None:
        if self._system is not None:
            self._open = True
            self._print(0)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._print(1)

    def _print(self, line: int) -> None:
        assert self._system is not None
        assert self._system.group is not None
        print(self._system.group(self._title, int(time.time()))[line], file=self._stream, flush=True)
