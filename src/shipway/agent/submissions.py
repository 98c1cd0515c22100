"""State reports on their way: per task in order, each repeated until the control plane has taken it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from shipway.agent.control_plane import CallError, ControlPlane, Unreachable
from shipway.agent.reports import report_text

RETRY_S_FIRST, RETRY_S_MAX = 0.2, 5.0
logger = logging.getLogger(__name__)


class Submissions:
    def __init__(self, control_plane: ControlPlane, accepted: Callable[[dict[str, Any]], None]) -> None:
        self._control_plane = control_plane
        self._accepted = accepted
        self._queues: dict[str, deque[dict[str, Any]]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._latest: dict[str, str] = {}
        self.reachable = asyncio.Event()

    def submit(self, report: dict[str, Any], already_accepted: str) -> None:
        """Queue the report, unless it says what the last one said."""
        arn = str(report["task"])
        text = report_text(report)
        if self._latest.get(arn, already_accepted) == text:
            return
        self._latest[arn] = text
        self._queues.setdefault(arn, deque()).append(report)
        if arn not in self._senders:
            self._senders[arn] = asyncio.get_running_loop().create_task(self._send(arn))

    def forget(self, arn: str) -> None:
        self._latest.pop(arn, None)

    async def close(self) -> None:
        senders = list(self._senders.values())
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)

    async def _send(self, arn: str) -> None:
        queue = self._queues[arn]
        pause_s = RETRY_S_FIRST
        try:
            while queue:
                if await self._taken(queue[0]):
                    self._accepted(queue.popleft())
                    pause_s = RETRY_S_FIRST
                    continue
                await self._wait(pause_s)
                pause_s = min(pause_s * 2, RETRY_S_MAX)
        finally:
            self._senders.pop(arn, None)
            if not queue:
                self._queues.pop(arn, None)

    async def _taken(self, report: dict[str, Any]) -> bool:
        try:
            await self._control_plane.call("ecs", "SubmitTaskStateChange", report)
        except Unreachable as error:
            logger.info("task %s: %s is not reported yet: %s", report["task"], report["status"], error)
            return False
        except CallError as error:
            logger.warning("task %s: report %s was refused: %s", report["task"], report["status"], error)
            return error.code == "InvalidParameterException"  # it would be refused for ever
        logger.info("task %s: reported %s", report["task"].rsplit("/", 1)[-1], report["status"])
        return True

    async def _wait(self, seconds: float) -> None:
        """Until the time is over, or the link to the control plane is there again."""
        self.reachable.clear()
        try:
            await asyncio.wait_for(self.reachable.wait(), seconds)
        except TimeoutError:
            return
