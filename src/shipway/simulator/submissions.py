"""State reports on their way: a task's in order, each repeated until the control plane has taken it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from shipway.simulator.network import Network

RETRY_S_FIRST, RETRY_S_MAX = 0.2, 5.0
REFUSED_FOR_EVER = b"InvalidParameterException"


class Submissions:
    def __init__(self, sender: str, network: Network, accepted: Callable[[str, bytes], None]) -> None:
        self._sender = sender
        self._network = network
        self._accepted = accepted
        self._queues: dict[str, deque[bytes]] = {}
        self._latest: dict[str, bytes] = {}
        self._pause_s: dict[str, float] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._life = 0  # answers to an earlier life of the agent are nobody's

    def submit(self, arn: str, report: dict[str, object], already_accepted: bytes) -> None:
        """Queues the report, unless it says what the last one said."""
        body = msgspec.json.encode(report)
        if self._latest.get(arn, already_accepted) == body:
            return
        self._latest[arn] = body
        queue = self._queues.setdefault(arn, deque())
        queue.append(body)
        if len(queue) == 1:
            self._send(arn)

    def forget(self, arn: str) -> None:
        self._latest.pop(arn, None)

    def hurry(self) -> None:
        """The control plane can be reached again."""
        for arn, timer in list(self._timers.items()):
            timer.cancel()
            self._send(arn)

    def die(self) -> None:
        self._life += 1
        for timer in self._timers.values():
            timer.cancel()
        for kept in (self._queues, self._latest, self._pause_s, self._timers):
            kept.clear()

    @property
    def waiting(self) -> list[str]:
        """Tasks with news that the control plane has not taken."""
        return list(self._queues)

    def _send(self, arn: str) -> None:
        self._timers.pop(arn, None)
        life, body = self._life, self._queues[arn][0]
        self._network.post(
            self._sender,
            "SubmitTaskStateChange",
            body,
            lambda status, answer: self._answered(life, arn, status, answer),
        )

    def _answered(self, life: int, arn: str, status: int, answer: bytes) -> None:
        if life != self._life:
            return
        if status == 200 or REFUSED_FOR_EVER in answer:
            self._pause_s.pop(arn, None)
            queue = self._queues[arn]
            body = queue.popleft()
            if not queue:
                del self._queues[arn]
            self._accepted(arn, body)
            if queue:
                self._send(arn)
            return
        pause_s = self._pause_s.get(arn, RETRY_S_FIRST)
        self._pause_s[arn] = min(pause_s * 2, RETRY_S_MAX)
        self._timers[arn] = asyncio.get_running_loop().call_later(pause_s, self._send, arn)
