"""The agent's side of TCS: health as soon as it changes, metrics now and then. Nothing is sent while
nothing runs.

Each frame carries its own signed header block before the JSON: Amazon's framing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from shipway.agent.configuration import Configuration
from shipway.agent.control_plane import ControlPlane
from shipway.agent.engine import EngineError, Gauge
from shipway.agent.session import SILENCE_S_MAX, Connection
from shipway.agent.task_loop import TaskLoop
from shipway.agent.task_state import RUNNING
from shipway.agent.telemetry import (
    Sample,
    container_metrics,
    health_entries,
    in_messages,
    metrics_entries,
    sample_of,
)
from shipway.seams import Clock, Ids

logger = logging.getLogger(__name__)


class Tcs:
    def __init__(
        self,
        configuration: Configuration,
        control_plane: ControlPlane,
        tasks: TaskLoop,
        gauge: Gauge,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._configuration = configuration
        self._control_plane = control_plane
        self._tasks = tasks
        self._gauge = gauge
        self._clock = clock
        self._ids = ids
        self._health_changed = asyncio.Event()
        self._samples: dict[str, Sample] = {}
        self.instance_arn: Callable[[], str] = lambda: ""

    def health_changed(self) -> None:
        self._health_changed.set()

    async def serve(self, connection: Connection, url: str) -> None:
        senders = [
            asyncio.create_task(self._publish_health(connection, url)),
            asyncio.create_task(self._publish_metrics(connection, url)),
        ]
        try:
            await self._read(connection)
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)

    async def _read(self, connection: Connection) -> None:
        while True:
            async with asyncio.timeout(SILENCE_S_MAX):
                frame = await connection.receive()
            if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                return

    async def _publish_health(self, connection: Connection, url: str) -> None:
        """At once on a change (and on a new link), else once a period while there is something to check."""
        while True:
            self._health_changed.clear()
            entries = health_entries(self._tasks.tasks.values())
            for part in in_messages(entries):
                message = {
                    "metadata": self._metadata(),
                    "tasks": part,
                    "timestamp": self._clock.now_ms() / 1000,
                }
                await self._send(connection, url, "PublishHealthRequest", message)
            period_s = self._configuration.telemetry_period_s if entries else None
            try:
                await asyncio.wait_for(self._health_changed.wait(), period_s)
            except TimeoutError:
                continue

    async def _publish_metrics(self, connection: Connection, url: str) -> None:
        while True:
            await asyncio.sleep(self._configuration.telemetry_period_s)
            figures = await self._measure()
            for part in in_messages(metrics_entries(self._tasks.tasks.values(), figures)):
                message = {
                    "metadata": self._metadata(),
                    "taskMetrics": part,
                    "timestamp": self._clock.now_ms() / 1000,
                }
                await self._send(connection, url, "PublishMetricsRequest", message)

    async def _measure(self) -> dict[str, dict[str, Any]]:
        figures: dict[str, dict[str, Any]] = {}
        samples: dict[str, Sample] = {}
        for task in list(self._tasks.tasks.values()):
            for container in task.normal:
                if container.phase != RUNNING:
                    continue
                try:
                    sample = sample_of(await self._gauge.stats(container.runtime_id))
                except EngineError as error:
                    logger.info("container %s cannot be measured: %s", container.runtime_id[:12], error)
                    continue
                if sample:
                    before = self._samples.get(container.runtime_id)
                    figures[container.runtime_id] = container_metrics(container.name, before, sample)
                    samples[container.runtime_id] = sample
        self._samples = samples
        return figures

    def _metadata(self) -> dict[str, Any]:
        return {
            "cluster": self._configuration.cluster,
            "containerInstance": self.instance_arn(),
            "idle": not self._tasks.tasks,
            "fin": True,
            "messageId": self._ids.uuid(),
        }

    async def _send(self, connection: Connection, url: str, kind: str, message: dict[str, Any]) -> None:
        body = msgspec.json.encode({"type": kind, "message": message})
        headers = self._control_plane.sign("ecs", ("GET", url, body), {})
        block = "".join(f"{name}: {headers[name]}\r\n" for name in ("Authorization", "Host", "X-Amz-Date"))
        await connection.send_str(f"{block}\r\n{body.decode()}")
