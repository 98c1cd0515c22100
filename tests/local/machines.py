"""Agents that are only noted, and the settings of a fleet of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from shipway.local.desired_instances import InstanceSettings, InstanceSpec
from shipway.local.fleet import Agent, Fleet, FleetSettings
from shipway.local.instance_files import Identity, InstanceFiles
from shipway.model.cluster import Cluster
from shipway.seams import Clock
from shipway.store import Store

PREFIX = "arn:aws:ecs:eu-west-1:000000000000:"


def a_cluster(name: str = "default", status: str = "ACTIVE") -> Cluster:
    return Cluster(cluster_arn=f"{PREFIX}cluster/{name}", status=status)


def fleet_settings(folder: Path, instances: int = 2, power_loss_ms: int = 60_000) -> FleetSettings:
    return FleetSettings(
        instances=InstanceSettings(instances=instances, region="eu-west-1", cpu=1024, memory_mib=512),
        folder=folder,
        endpoint_url="http://127.0.0.1:1",
        account_id="000000000000",
        installation="abc",
        credentials_file=folder / "credentials.json",
        task_network="shipway-abc-tasks",
        power_loss_ms=power_loss_ms,
    )


class StandIn(Agent):
    """An agent that only notes that it was started and stopped."""

    story: asyncio.Queue[str]

    async def start(self) -> None:
        self.story.put_nowait(f"start {self.spec.name} {self._files.identity(self.spec.name).address}")

    async def stop(self) -> None:
        self.story.put_nowait(f"stop {self.spec.name}")

    async def died(self) -> str:
        return str(await asyncio.Future[str]())


class Machines:
    """Makes the fleet's agents, and remembers what became of them and whose containers were removed."""

    def __init__(
        self, store: Store, clock: Clock, folder: Path, instances: int = 2, power_loss_ms: int = 60_000
    ) -> None:
        self.story: asyncio.Queue[str] = asyncio.Queue()
        self._folder = folder
        settings = fleet_settings(folder, instances, power_loss_ms)
        self.fleet = Fleet(store, clock, settings, self._stand_in, self._clear)

    def identity(self, name: str) -> Identity:
        """As it stands on the disk."""
        return InstanceFiles(self._folder).kept()[name]

    async def told(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            return sorted([await self.story.get() for _ in range(count)])

    def _stand_in(self, spec: InstanceSpec, settings: FleetSettings, files: InstanceFiles) -> Agent:
        agent = StandIn(spec, settings, files)
        agent.story = self.story
        return agent

    async def _clear(self, installation: str, instance_id: str) -> None:
        self.story.put_nowait(f"clear {installation} {instance_id}")
