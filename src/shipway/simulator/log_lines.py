"""What simulated containers write, by their scripts' `log`: shipped when they start.

A group that is not there, and that its container may not create, takes nothing: a real container would not
start then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from shipway.agent.log_destination import log_destination
from shipway.agent.wire import ContainerPayload
from shipway.seams import Clock
from shipway.simulator.agent import Agent
from shipway.simulator.agent_task import AgentTask
from shipway.simulator.containers import Container
from shipway.simulator.fleet import Fleet

Shipment = list[tuple[str, bytes]]
"""Operations of CloudWatch Logs and their JSON, to be sent in this order."""


class LogLines:
    def __init__(self, fleet: Fleet, clock: Clock, ship: Callable[[Shipment], None]) -> None:
        self._clock = clock
        self._ship = ship
        fleet.on_changed.append(self._changed)

    def _changed(self, agent: Agent, task: AgentTask, container: Container) -> None:
        lines = container.take_lines()
        spec = msgspec.convert(container.payload, ContainerPayload) if lines else None
        destination = log_destination(spec, task.arn.rpartition("/")[2]) if spec else None
        if destination is None:
            return
        stream = {"logGroupName": destination.group, "logStreamName": destination.stream}
        now_ms = self._clock.now_ms()
        events = [{"timestamp": now_ms, "message": line} for line in lines]
        calls: list[tuple[str, dict[str, Any]]] = [
            ("CreateLogStream", stream),
            ("PutLogEvents", stream | {"logEvents": events}),
        ]
        if destination.create_group:
            calls.insert(0, ("CreateLogGroup", {"logGroupName": destination.group}))
        self._ship([(operation, msgspec.json.encode(request)) for operation, request in calls])
