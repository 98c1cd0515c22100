"""Everything of one simulation: a disk, a network, a fleet, a load balancer, and a control plane that may be
killed and started again.

It runs on whatever event loop is running and on whatever clock it is given: virtual for simulations, real
for a local ECS without Docker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from shipway.api.call import Settings
from shipway.model.capacity_provider import GroupSize
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.snapshot import Timing
from shipway.seams import Clock, Ids
from shipway.simulator.agent import Agent, Machine
from shipway.simulator.alarms import SimulatedAlarms
from shipway.simulator.chance import Chance
from shipway.simulator.control_plane import ControlPlane, Seams
from shipway.simulator.disk import Disk, DiskFile
from shipway.simulator.edge import EdgeDelays, SimulatedEdge
from shipway.simulator.fleet import Fleet
from shipway.simulator.functions import SimulatedFunctions
from shipway.simulator.group_sizes import SimulatedGroups, Template
from shipway.simulator.log_lines import LogLines, Shipment
from shipway.simulator.network import Conditions, Network
from shipway.store import Change, Store
from shipway.store.log_events import LogEvents

ZONES = ("a", "b", "c")
FARGATE_CPU, FARGATE_MEMORY = 1024 * 1024, 16 * 1024 * 1024  # Fargate has room for everybody


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """How quick the world is while nothing is wrong: each delay is drawn between two bounds, in ms."""

    network: Conditions = Conditions()
    fsync_ms: tuple[float, float] = (0.0, 0.0)
    check_ms: tuple[float, float] = (0.0, 0.0)
    in_flight_ms: tuple[float, float] = (0.0, 0.0)
    settings: Settings = Settings()
    timing: Timing = Timing()


QUICK = Surface()


class Refused(Exception):
    """The API's answer is an error."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.code = code
        self.message = message


class Unreachable(Exception):
    """No answer: whether the call did anything is not known."""


class World:
    def __init__(self, clock: Clock, ids: Ids, chance: Chance, surface: Surface = QUICK) -> None:
        self.clock = clock
        self.chance = chance
        self.surface = surface
        self.network = Network(chance.of("network"), surface.network)
        self.fleet = Fleet(self.network)
        self.edge = SimulatedEdge(
            self.fleet, EdgeDelays(check_ms=self._drawn("check_ms"), in_flight_ms=self._drawn("in_flight_ms"))
        )
        self.alarms = SimulatedAlarms()
        self.groups = SimulatedGroups()
        self.functions = SimulatedFunctions(chance.of("functions"))
        LogLines(self.fleet, clock, self._ship)
        self.disk = Disk(self._drawn("fsync_ms"))
        self.control_plane: ControlPlane | None = None
        self.on_commit: list[Callable[[tuple[Change, ...]], None]] = []
        self.on_start: list[Callable[[], None]] = []  # the record has been read, and nothing else done
        self.on_answer: list[Callable[[str, dict[str, Any], str], None]] = []  # with its refusal
        self.starts = 0
        self._instances = 0  # ever, so that none is named twice
        self._file: DiskFile | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._log_events = LogEvents.open(None)
        self._seams = Seams(
            clock=clock,
            ids=ids,
            edge=self.edge,
            settings=surface.settings,
            timing=surface.timing,
            alarms=self.alarms,
            hooks=self.functions,
            groups=self.groups,
        )

    @property
    def store(self) -> Store:
        """The state of the control plane that is up."""
        assert self.control_plane is not None, "the control plane is down"
        return self.control_plane.store

    @property
    def unsynced(self) -> int:
        return self._file.unsynced if self._file is not None else 0

    async def start(self) -> None:
        """Starts the control plane from its file."""
        assert self.control_plane is None
        self.starts += 1
        self._file = self.disk.open()
        store = Store.of(self._file)
        self._unsubscribe = store.subscribe(self._committed)
        control_plane = self.control_plane = ControlPlane(store, self._log_events, self._seams)
        for callback in self.on_start:
            callback()
        opening = control_plane.start(control_plane.open())
        await asyncio.wait([opening])
        if not opening.cancelled():
            opening.result()
            self.network.server = control_plane

    def kill(self, survivors: int = 0) -> None:
        """kill -9. Of what was not synced, the oldest `survivors` transactions had reached the disk."""
        assert self.control_plane is not None and self._file is not None
        self._unsubscribe()  # what it still says while it dies is nobody's business
        self._file.kill(survivors)
        self.network.server_died()
        self.control_plane.process.kill()
        self.control_plane, self._file = None, None

    def set_alarm(self, name: str, state: str) -> None:
        """CloudWatch says OK or ALARM of it from now on."""
        self.alarms.states[name] = state
        if self.control_plane is not None:
            self.control_plane.reconciler.alarms_changed()

    def set_group(self, name: str, size: GroupSize, template: Template | None = None) -> None:
        """The owner of an Auto Scaling group says how large it may be, and what its machines are like."""
        self.groups.sizes[name] = size
        if template is not None:
            self.groups.templates[name] = template
        if self.control_plane is not None:
            self.control_plane.reconciler.groups_changed()

    async def close(self) -> None:
        """Ends everything in order."""
        for agent in self.fleet.agents.values():
            agent.kill()
        if self.control_plane is not None:
            self.network.server_died()
            await self.control_plane.close()
            self.store.close()
            self.control_plane = None
        self._log_events.close()

    def add_instances(
        self, count: int, cluster: str = "default", zones: Sequence[str] = ZONES, **members: Any
    ) -> list[Agent]:
        """More container instances, over the zones in turn; their agents start at once."""
        region = self.surface.settings.region
        agents = []
        for _ in range(count):
            zone = f"{region}{zones[self._instances % len(zones)]}"
            agents.append(self.add_instance(cluster=cluster, availability_zone=zone, **members))
        for agent in agents:
            agent.start()
        return agents

    def replace_instance(self, gone: Agent) -> Agent:
        """Another machine of the same size in the same zone; its agent starts at once."""
        machine = gone.machine
        same = ("cluster", "availability_zone", "cpu", "memory", "attributes")
        agent = self.add_instance(**{name: getattr(machine, name) for name in same})
        agent.start()
        return agent

    def add_fargate(self) -> Agent:
        """The hidden instance with Fargate's tasks; it is none of those that are numbered."""
        agent = self._add_machine(
            0,
            cluster=FARGATE_CLUSTER,
            availability_zone=f"{self.surface.settings.region}{ZONES[0]}",
            cpu=FARGATE_CPU,
            memory=FARGATE_MEMORY,
            attributes={"shipway.fargate": "true"},
        )
        agent.start()
        return agent

    def add_instance(self, **members: Any) -> Agent:
        """A machine whose agent is not started yet."""
        self._instances += 1
        return self._add_machine(self._instances, **members)

    def _add_machine(self, number: int, **members: Any) -> Agent:
        machine = Machine(
            instance_id=instance_id(number),
            address=f"127.{1 + number // 65_536}.{number // 256 % 256}.{number % 256}",
            region=self.surface.settings.region,
            account_id=self.surface.settings.account_id,
            **members,
        )
        return self.fleet.add(machine)

    async def call(self, operation: str, service: str = "ecs", /, **members: Any) -> dict[str, Any]:
        """One call of the API by a client, there and back over the network."""
        body = msgspec.json.encode(members)
        await asyncio.sleep(self.network.latency_s())
        server = self.control_plane if self.network.server is not None else None
        if server is None:
            raise Unreachable(operation)
        task = server.start(server.call(service, operation, body))
        await asyncio.wait([task])
        if task.cancelled():
            raise Unreachable(operation)
        status, answer = task.result()
        await asyncio.sleep(self.network.latency_s())
        decoded: dict[str, Any] = msgspec.json.decode(answer)
        refused = None
        if status != 200:
            refused = Refused(operation, decoded.get("__type", ""), decoded.get("message", ""))
        for callback in self.on_answer:
            callback(operation, members, str(refused or ""))
        if refused is not None:
            raise refused
        return decoded

    def _ship(self, shipment: Shipment) -> None:
        if self.control_plane is not None:
            self.control_plane.take_log(shipment)

    def _committed(self, changes: tuple[Change, ...]) -> None:
        for callback in self.on_commit:
            callback(changes)

    def _drawn(self, name: str) -> Callable[[], float]:
        low, high = getattr(self.surface, name)
        chance = self.chance.of(name)
        return lambda: low if low == high else chance.uniform(low, high)


def instance_id(number: int) -> str:
    return f"i-{number:017x}"
