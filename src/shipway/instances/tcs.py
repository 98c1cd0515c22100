"""The telemetry link: health and metrics come in, and change the state only where it differs."""

from __future__ import annotations

import asyncio

from shipway.instances.connections import Link, LinkEnded
from shipway.instances.control_plane import ControlPlane
from shipway.instances.frames import (
    Incoming,
    PublishHealthRequest,
    PublishInstanceStatusRequest,
    PublishMetricsRequest,
)
from shipway.instances.health import write_health, write_instance_status
from shipway.instances.telemetry import Telemetry


class TcsSession:
    """What one telemetry link is doing.

    Its heartbeats want no answer; they only keep the agent from hanging up.
    """

    def __init__(self, link: Link, control_plane: ControlPlane, telemetry: Telemetry) -> None:
        self._link = link
        self._control_plane = control_plane
        self._telemetry = telemetry
        self._arn = link.container_instance_arn

    async def run(self) -> LinkEnded:
        return await self._link.run(self._read, self._beat)

    async def _read(self) -> None:
        async for message in self._link.messages():
            await self._hear(message)

    async def _hear(self, message: Incoming | str) -> None:
        now_ms = self._control_plane.clock.now_ms()
        if isinstance(message, PublishHealthRequest):
            write_health(self._control_plane.store, self._arn, message.tasks or ())
            await self._acknowledge("AckPublishHealth")
        elif isinstance(message, PublishMetricsRequest):
            self._telemetry.record(self._arn, message, now_ms)
            await self._acknowledge("AckPublishMetric")
        elif isinstance(message, PublishInstanceStatusRequest):
            write_instance_status(self._control_plane.store, self._arn, message.statuses or (), now_ms)
            await self._acknowledge("AckPublishInstanceStatus")

    async def _acknowledge(self, kind: str) -> None:
        await self._link.send(kind, {"message": "OK"})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._link.settings.heartbeat_s)
            await self._link.send("HeartbeatMessage", {"healthy": True})
