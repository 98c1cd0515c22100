"""The simulated load balancer: what a check of a target would find is read from the simulated containers.

A new target is checked a moment after it is applied, and again a moment after anything happened to its
container, as active health checks would notice it. Draining works as with Envoy: beside a healthy target a
draining one can be read, with the requests that are still in flight; alone it is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from shipway.load_balancer.ports import Bindable, PortChoice, plan_ports
from shipway.load_balancer.state import LoadBalancerState, draining_beside_healthy, routable
from shipway.load_balancer.target_health import HealthReading, ReadingKey
from shipway.model.target import HEALTHY, INITIAL, UNHEALTHY
from shipway.simulator.agent import Agent
from shipway.simulator.agent_task import AgentTask
from shipway.simulator.containers import Container
from shipway.simulator.fleet import Fleet

CHECKED = HealthReading(state=INITIAL)
PASSED = HealthReading(state=HEALTHY)
NOBODY = HealthReading(
    state=UNHEALTHY, reason="Target.FailedHealthChecks", description="Health checks failed"
)


class EdgeDelays(msgspec.Struct, frozen=True, kw_only=True):
    """How soon a check notices, and how long requests in flight last; both are drawn each time."""

    check_ms: Callable[[], float] = lambda: 0.0
    in_flight_ms: Callable[[], float] = lambda: 0.0


AT_ONCE = EdgeDelays()


class SimulatedEdge:
    """It goes on when the control plane is killed, as Envoy does."""

    def __init__(self, fleet: Fleet, delays: EdgeDelays = AT_ONCE) -> None:
        self._fleet = fleet
        self._delays = delays
        self._state: LoadBalancerState | None = None
        self._readings: dict[ReadingKey, HealthReading] = {}
        self._keys: dict[str, dict[ReadingKey, None]] = {}  # by the address where a target is reached
        self._changed = asyncio.Event()
        fleet.on_changed.append(self._container_changed)

    def plan_ports(self, state: LoadBalancerState) -> tuple[PortChoice, ...]:
        return plan_ports(state.listeners, frozenset(), lambda port: Bindable.FREE)

    def apply(self, state: LoadBalancerState) -> None:
        if state == self._state:
            return
        self._state = state
        serving: dict[ReadingKey, bool] = {}
        for group in state.target_groups_in_use():
            targets = state.targets_of(group.target_group_arn)
            for target in routable(targets):
                serving[group.target_group_arn, target.address, target.address_port] = False
            for target in draining_beside_healthy(targets):
                serving[group.target_group_arn, target.address, target.address_port] = True
        for key in [key for key in self._readings if key not in serving]:
            del self._readings[key]
            del self._keys[key[1]][key]
        for key, draining in serving.items():
            self._serve(key, draining)

    async def wait_for_change(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def readings(self) -> Mapping[ReadingKey, HealthReading]:
        return dict(self._readings)

    def _serve(self, key: ReadingKey, draining: bool) -> None:
        before = self._readings.get(key)
        if before is None:
            before = self._readings[key] = CHECKED
            self._keys.setdefault(key[1], {})[key] = None
            self._later(self._delays.check_ms(), partial(self._check, key))
        if draining and not before.draining:
            self._readings[key] = msgspec.structs.replace(before, draining=True, requests_active=1)
            self._later(self._delays.in_flight_ms(), partial(self._drained, key))
        elif before.draining and not draining:
            self._readings[key] = msgspec.structs.replace(before, draining=False, requests_active=0)

    def _check(self, key: ReadingKey) -> None:
        before = self._readings.get(key)
        if before is None:
            return
        container = self._fleet.container_at(key[1], key[2])
        found = NOBODY
        if container is not None:
            found = PASSED if container.answers else refused_with(container.script.status_code)
        found = msgspec.structs.replace(
            found, draining=before.draining, requests_active=before.requests_active
        )
        if found != before:
            self._readings[key] = found
            self._changed.set()

    def _drained(self, key: ReadingKey) -> None:
        before = self._readings.get(key)
        if before is not None and before.draining:
            self._readings[key] = msgspec.structs.replace(before, requests_active=0)
            self._changed.set()

    def _container_changed(self, agent: Agent, task: AgentTask, container: Container) -> None:
        for address in (task.address, agent.machine.address):
            for key in self._keys.get(address, ()):
                self._later(self._delays.check_ms(), partial(self._check, key))

    def _later(self, ms: float, then: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(ms / 1000, then)


def refused_with(status_code: int) -> HealthReading:
    return HealthReading(
        state=UNHEALTHY,
        reason="Target.ResponseCodeMismatch",
        description=f"Health checks failed with these codes: [{status_code}]",
    )
