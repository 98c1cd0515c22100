"""`--engine simulated`: instances, containers and load balancer as objects in the control plane's process.

They speak what the real ones speak, over a network in memory. They begin and end with the process: at its
next start every task of theirs is over, as after `down`, and services begin new ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import msgspec
from starlette.websockets import WebSocket

from shipway.api.dispatch import Context, Dispatcher, Wire
from shipway.api.image_registry import ImageRegistry
from shipway.api.protocol import json as json_wire
from shipway.api.shapes import service_shapes
from shipway.api.signature import Verifier
from shipway.instances.routes import Instances
from shipway.load_balancer.edge import Edge
from shipway.local.desired_instances import InstanceSpec
from shipway.local.engines import Verify
from shipway.local.fleet import FleetSettings
from shipway.local.instance_files import InstanceFiles
from shipway.local.supervisor import Part
from shipway.model.container_instance import ContainerInstance
from shipway.seams import SystemClock
from shipway.simulator.agent import Agent, Machine
from shipway.simulator.chance import Chance
from shipway.simulator.clock import Process
from shipway.simulator.containers import KILLED
from shipway.simulator.control_plane import CALLER, NoRegistry
from shipway.simulator.edge import SimulatedEdge
from shipway.simulator.fleet import Fleet
from shipway.simulator.log_lines import LogLines, Shipment
from shipway.simulator.network import Network
from shipway.store import Store


class Machinery(msgspec.Struct, frozen=True):
    """What simulated agents stand on."""

    store: Store
    network: Network
    fleet: Fleet


class SimulatedEngine:
    """Agents and containers are objects in this process: they begin and end with it."""

    registry_address = ""

    def __init__(self, store: Store) -> None:
        self._network = Network(Chance(0).of("network"))
        fleet = Fleet(self._network)
        self._machinery = Machinery(store, self._network, fleet)
        self._server: InMemory | None = None
        LogLines(fleet, SystemClock(), self._ship)
        self.images: ImageRegistry = NoRegistry()
        self.edge: Edge = SimulatedEdge(fleet)

    def parts(self) -> list[Part]:
        return []

    def verify(self, verifier: Verifier) -> Verify:
        return lambda *_: None  # links are in memory, and have no route at the front door

    def connect(self, context: Context, instances: Instances) -> None:
        self._network.server = self._server = InMemory(context, instances)

    def agent(self, spec: InstanceSpec, settings: FleetSettings, files: InstanceFiles) -> Part:
        return SimulatedAgent(spec, settings, files, self._machinery)

    async def clear(self, installation: str, instance_id: str) -> None:
        """They went with the agent."""

    async def clear_all(self, installation: str) -> None:
        """They went with the agents."""

    async def kill(self, task_arn: str, container: str) -> bool:
        running = [
            each
            for _, task in self._machinery.fleet.tasks()
            if task.arn == task_arn
            for each in task.containers
            if each.name == container and each.running
        ]
        for each in running:
            each.end(KILLED)
        return bool(running)

    def _ship(self, shipment: Shipment) -> None:
        if self._server is not None:
            self._server.start(self._server.put(shipment))

    async def close(self) -> None:
        self._network.server_died()


class InMemory:
    """The control plane as simulated agents reach it."""

    def __init__(self, context: Context, instances: Instances) -> None:
        self._dispatcher = Dispatcher(context)
        self._instances = instances
        self._process = Process()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._process.start(work)
        self._process.adopt(task)
        return task

    async def answer(self, operation: str, body: bytes) -> tuple[int, bytes]:
        return await self._call("ecs", operation, body)

    async def put(self, shipment: Shipment) -> None:
        for operation, body in shipment:
            await self._call("logs", operation, body)

    async def _call(self, service: str, operation: str, body: bytes) -> tuple[int, bytes]:
        wire, caller = cast(Wire, json_wire), (CALLER, "simulated")
        return await self._dispatcher.answer(service_shapes(service), wire, operation, body, caller)

    async def serve(self, websocket: WebSocket) -> None:
        await self._instances.serve(websocket)


class SimulatedAgent:
    """One container instance's agent as a part."""

    metadata_port = 0  # it serves none

    def __init__(
        self, spec: InstanceSpec, settings: FleetSettings, files: InstanceFiles, machinery: Machinery
    ) -> None:
        self.name = f"agent {spec.name}"
        self.instance_id = ""
        self._spec = spec
        self._settings = settings
        self._files = files
        self._machinery = machinery
        self._agent: Agent | None = None

    async def start(self) -> None:
        spec, identity = self._spec, self._files.identity(self._spec.name)
        self.instance_id = identity.instance_id
        machine = Machine(
            instance_id=identity.instance_id,
            cluster=spec.cluster_name,
            address=identity.address,
            availability_zone=spec.availability_zone,
            cpu=spec.cpu,
            memory=spec.memory_mib,
            region=self._settings.instances.region,
            account_id=self._settings.account_id,
            attributes=spec.attributes,
        )
        self._agent = self._machinery.fleet.add(machine)
        self._agent.arn = self._known_as()
        self._agent.start()

    async def stop(self) -> None:
        if self._agent is not None:
            self._machinery.fleet.remove(self._agent)
            self._agent = None

    def _known_as(self) -> str:
        """The ARN that an earlier run of it was given."""
        known = self._machinery.store.state.by(ContainerInstance, "ec2_instance_id", self.instance_id)
        return next((one.container_instance_arn for one in known if one.status != "INACTIVE"), "")
