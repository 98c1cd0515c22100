"""The control plane's real rooms on simulated seams: store, api, agents' links, loops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import msgspec
from starlette.websockets import WebSocket

from shipway.api.call import Settings
from shipway.api.dispatch import Context, Dispatcher, Wire
from shipway.api.image_registry import ImageRegistry, Manifest
from shipway.api.protocol import json as json_wire
from shipway.api.shapes import service_shapes
from shipway.instances.routes import Instances
from shipway.instances.settings import InstancesSettings, LinkSettings, PayloadSettings
from shipway.load_balancer.edge import Edge
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.snapshot import Timing
from shipway.reconcile.reconciler import Reconciler
from shipway.reconcile.surroundings import (
    Alarms,
    Groups,
    HookCaller,
    NoAlarms,
    NoFunctions,
    NoGroups,
    Surroundings,
)
from shipway.seams import Clock, Ids
from shipway.simulator.clock import Process
from shipway.simulator.log_lines import Shipment
from shipway.store import Store
from shipway.store.log_events import LogEvents

CALLER = "arn:aws:iam::000000000000:user/simulated"


class Seams(msgspec.Struct, frozen=True, kw_only=True):
    """What the control plane stands on, and what outlives it."""

    clock: Clock
    ids: Ids
    edge: Edge
    settings: Settings = Settings()
    timing: Timing = Timing()
    alarms: Alarms = msgspec.field(default_factory=NoAlarms)
    hooks: HookCaller = msgspec.field(default_factory=NoFunctions)
    groups: Groups = msgspec.field(default_factory=NoGroups)


class ControlPlane:
    """One process of it. `start` after its store was opened; `kill` is kill -9."""

    def __init__(self, store: Store, log_events: LogEvents, seams: Seams) -> None:
        self.store = store
        self.clock = seams.clock
        self.process = Process()
        self.place = seams.settings.place
        self._log_events = log_events
        self.context = Context(
            store=store,
            clock=seams.clock,
            ids=seams.ids,
            settings=seams.settings,
            log_events=log_events,
            registry=NoRegistry(),
            credentials=lambda access_key_id: None,
        )
        self.dispatcher = Dispatcher(self.context)
        settings = seams.settings
        payload = PayloadSettings(
            account_id=settings.account_id, region=settings.region, endpoint_url=settings.endpoint
        )
        self.instances = Instances(
            store,
            seams.clock,
            seams.ids,
            InstancesSettings(payload=payload, link=LinkSettings()),
            verify=lambda *_: None,
            credentials_for=lambda task, role: None,
        )
        around = Surroundings(
            store=store,
            clock=seams.clock,
            ids=seams.ids,
            place=settings.place,
            task_network_cidr=settings.task_network_cidr,
            timing=seams.timing,
            alarms=seams.alarms,
            hooks=seams.hooks,
            groups=seams.groups,
        )
        self.reconciler = Reconciler(around, seams.edge)

    async def open(self) -> None:
        self._ensure_clusters()
        await self.store.durable()
        await self.instances.start()
        await self.reconciler.start()

    async def close(self) -> None:
        await self.reconciler.stop()
        await self.instances.stop()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.process.start(work)

    async def serve(self, websocket: WebSocket) -> None:
        await self.instances.serve(websocket)

    async def answer(self, operation: str, body: bytes) -> tuple[int, bytes]:
        """One call of the ECS API, as it would come over HTTP."""
        return await self.call("ecs", operation, body)

    async def call(self, service: str, operation: str, body: bytes) -> tuple[int, bytes]:
        """One call with its JSON; the query services are spoken to in JSON as well."""
        wire = cast(Wire, json_wire)
        return await self.dispatcher.answer(
            service_shapes(service), wire, operation, body, (CALLER, "simulated")
        )

    def take_log(self, shipment: Shipment) -> None:
        """What an agent sends of its containers' lines."""
        self.start(self._put(shipment))

    async def _put(self, shipment: Shipment) -> None:
        for operation, body in shipment:
            await self.call("logs", operation, body)

    def _ensure_clusters(self) -> None:
        with self.store.transaction() as tx:
            for name in (FARGATE_CLUSTER, "default"):
                arn = self.place.cluster(name)
                if tx.get(Cluster, arn) is None:
                    tx.put(Cluster(cluster_arn=arn, created_at=self.clock.now_ms()))


class NoRegistry:
    """There are no images: simulated containers need none."""

    address = "127.0.0.1:4701"

    def password(self) -> str:
        return ""

    async def tags(self, repository: str) -> list[str]:
        return []

    async def manifest(self, repository: str, reference: str) -> Manifest | None:
        return None

    async def delete(self, repository: str, digest: str) -> bool:
        return False


_: ImageRegistry = NoRegistry()
