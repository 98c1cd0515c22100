"""The room's one door to the world: apply a state, wait for news, read the targets' health."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from shipway.load_balancer.configuration_files import ConfigurationFiles
from shipway.load_balancer.envoy import EnvoyError, EnvoyProcess
from shipway.load_balancer.health import HealthEvents, readings_from
from shipway.load_balancer.ports import PortChoice, plan_ports, try_bind
from shipway.load_balancer.render import ACCESS_LOG, HEALTH_EVENTS, listeners_by_bound_port, render
from shipway.load_balancer.state import LoadBalancerState
from shipway.load_balancer.target_health import HealthReading, ReadingKey
from shipway.model.snapshot import REAL_TIME, Timing

ACCESS_LOG_BYTES_MAX = 16 * 1024 * 1024


class Edge(Protocol):
    """What a loop needs of a load balancer; the simulator brings its own."""

    def plan_ports(self, state: LoadBalancerState) -> tuple[PortChoice, ...]:
        """Ports for the listeners that have none, or have lost theirs."""
        ...

    def apply(self, state: LoadBalancerState) -> None:
        """Makes the load balancer serve this state. Costs nothing when nothing changed."""
        ...

    async def wait_for_change(self) -> None:
        """Returns when a target's health may have changed since the last call."""
        ...

    async def readings(self) -> Mapping[ReadingKey, HealthReading]:
        """What the load balancer sees of every target now. Empty while it cannot be asked."""
        ...


class LoadBalancerEdge:
    """The real load balancer: Envoy on a data folder of its own."""

    def __init__(self, folder: Path, timing: Timing = REAL_TIME) -> None:
        self.folder = folder.absolute()
        self._timing = timing
        self._files = ConfigurationFiles(self.folder)
        self._state: LoadBalancerState | None = None
        self._held: frozenset[int] = frozenset()
        self._events = HealthEvents(self.folder / HEALTH_EVENTS)
        self.envoy = EnvoyProcess(self.folder)

    async def start(self) -> None:
        """Returns when Envoy answers, serving what it was last told to."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files.prepare(render(LoadBalancerState(), str(self.folder)))
        self._events.open()
        try:
            await self.envoy.start()
            self._held = await self._open_ports()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends Envoy. Its files stay, and with them what it will serve after the next start."""
        await self.envoy.stop()
        self._events.close()

    def plan_ports(self, state: LoadBalancerState) -> tuple[PortChoice, ...]:
        return plan_ports(state.listeners, self._held, try_bind)

    def apply(self, state: LoadBalancerState) -> None:
        if state == self._state:
            return
        self._files.apply(render(state, str(self.folder), self._timing))
        self._state = state
        self._held = frozenset(listeners_by_bound_port(state))

    async def wait_for_change(self) -> None:
        await self._events.changed.wait()
        self._events.changed.clear()

    async def readings(self) -> Mapping[ReadingKey, HealthReading]:
        self._rotate_access_log()
        arns = (
            {group.label: group.target_group_arn for group in self._state.target_groups}
            if self._state
            else {}
        )
        try:
            clusters = await self.envoy.admin.document("/clusters?format=json")
        except EnvoyError:
            return {}
        return readings_from(clusters, arns, self._events.causes)

    async def _open_ports(self) -> frozenset[int]:
        statuses = (await self.envoy.admin.document("/listeners?format=json")).get("listener_statuses", [])
        return frozenset(status["local_address"]["socket_address"]["port_value"] for status in statuses)

    def _rotate_access_log(self) -> None:
        path = self.folder / ACCESS_LOG
        with contextlib.suppress(OSError):
            if path.stat().st_size > ACCESS_LOG_BYTES_MAX:
                path.replace(path.with_suffix(".log.1"))
                self._reopening = asyncio.ensure_future(self._reopen_logs())

    async def _reopen_logs(self) -> None:
        with contextlib.suppress(EnvoyError):
            await self.envoy.admin.text("/reopen_logs", method="POST")
