"""A simulated container: its script played on the event loop's timers.

It tells its owner of every change by one callback, and knows nothing of tasks.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from shipway.simulator.scripts import Script, script_of

NONE, PULLED, RUNNING, STOPPED = "NONE", "PULLED", "RUNNING", "STOPPED"
RANK = {NONE: 0, PULLED: 1, RUNNING: 2, STOPPED: 3}
KILLED = 137


class Container:
    def __init__(
        self, payload: dict[str, Any], runtime_id: str, changed: Callable[[Container], None]
    ) -> None:
        self.payload = payload
        self.name: str = payload["name"]
        self.runtime_id = runtime_id
        self.essential: bool = payload.get("essential", True)
        self.has_health_check = bool(payload.get("healthCheckType"))
        self.phase = NONE
        self.exit_code: int | None = None
        self.reason = ""
        self.health = "UNKNOWN"
        self.answers = False
        self.started = False
        self.busy = ""
        self.bindings: list[dict[str, Any]] = []
        self._changed = changed
        self._lines: list[str] = []
        self._timers: list[asyncio.TimerHandle] = []
        self.script = Script()
        try:
            self.script = script_of(labels_in(payload))
        except ValueError as error:
            self.script = Script(start_error=f"CannotStartContainerError: {error}")

    @property
    def running(self) -> bool:
        return self.phase == RUNNING

    @property
    def stopped(self) -> bool:
        return self.phase == STOPPED

    @property
    def image_digest(self) -> str:
        return digest_of(str(self.payload["image"]))

    def take_lines(self) -> list[str]:
        """What it has written since it was last asked."""
        lines, self._lines = self._lines, []
        return lines

    def pull(self) -> None:
        self._later("pull", self.script.pull_ms, self._pulled)

    def start(self, bindings: list[dict[str, Any]]) -> None:
        self.bindings = bindings
        self._later("start", self.script.start_ms, self._started)

    def stop(self) -> None:
        """SIGTERM."""
        self._later("stop", self.script.stop_ms, lambda: self.end(self.script.stop_exit_code))

    def give_up(self, exit_code: int | None = None, reason: str = "") -> None:
        """It was never started, and it will not be."""
        self._cancel()
        self.exit_code, self.reason = exit_code, reason or self.reason
        self._become(STOPPED)

    def end(self, exit_code: int, reason: str = "") -> None:
        """Its process has ended, from within or from without."""
        if self.phase != RUNNING:
            return
        self._cancel()
        self.exit_code, self.reason, self.answers, self.bindings = exit_code, reason, False, []
        self._become(STOPPED)

    def feel(self, health: str) -> None:
        """What its health check says from now on."""
        if self.running and self.has_health_check and self.health != health:
            self.health = health
            self._changed(self)

    def answer(self, answers: bool) -> None:
        """Whether the load balancer's checks pass from now on."""
        if self.running and self.answers != answers:
            self.answers = answers
            self._changed(self)

    def freeze(self) -> None:
        """Nobody drives it any more; what the engine had begun is forgotten."""
        if self.busy in ("pull", "start"):
            self._cancel()

    def _pulled(self) -> None:
        self.busy = ""
        if self.script.pull_error:
            self.reason = f"CannotPullContainerError: {self.script.pull_error}"
            self._become(STOPPED)
        else:
            self._become(PULLED)

    def _started(self) -> None:
        self.busy = ""
        script = self.script
        self.started = not script.start_error
        if script.start_error:
            self.reason = f"CannotStartContainerError: {script.start_error}"
            self._become(STOPPED)
            return
        self._lines = script.log.splitlines()
        if script.runs_ms is not None:
            self._at(script.runs_ms, lambda: self.end(script.exit_code))
        if self.has_health_check:
            self._at(script.healthy_after_ms, lambda: self.feel("HEALTHY"))
            if script.healthy_after_ms is None:
                self._at(script.unhealthy_after_ms or 0, lambda: self.feel("UNHEALTHY"))
            else:
                self._at(script.unhealthy_after_ms, lambda: self.feel("UNHEALTHY"))
        self.answers = script.answers_after_ms == 0
        if script.answers_after_ms:
            self._at(script.answers_after_ms, lambda: self.answer(True))
        self._at(script.fails_after_ms, lambda: self.answer(False))
        self._become(RUNNING)

    def _become(self, phase: str) -> None:
        self.phase = phase
        self._changed(self)

    def _later(self, busy: str, ms: int, then: Callable[[], None]) -> None:
        if self.busy == busy:
            return
        self.busy = busy
        self._at(ms, then)

    def _at(self, ms: int | None, then: Callable[[], None]) -> None:
        if ms is not None:
            self._timers.append(asyncio.get_running_loop().call_later(ms / 1000, then))

    def _cancel(self) -> None:
        self.busy = ""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def labels_in(payload: dict[str, Any]) -> dict[str, str]:
    text = (payload.get("dockerConfig") or {}).get("config") or "{}"
    labels: dict[str, str] = msgspec.json.decode(text).get("Labels") or {}
    return labels


@lru_cache(maxsize=1024)
def digest_of(image: str) -> str:
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
