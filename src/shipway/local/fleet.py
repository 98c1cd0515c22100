"""The fleet: one agent process for each container instance that should exist, and none besides.

An instance that should exist no longer is terminated like a machine: its agent ends, its tasks are over, its
containers and its folder go. So is one that was deregistered; another then comes in its place, as an Auto
Scaling group would give. Fargate's own is only put to sleep.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from shipway.local.desired_instances import InstanceSettings, InstanceSpec, desired_instances
from shipway.local.docker_engine import remove_containers_of_instance
from shipway.local.fargate_use import fargate_in_use
from shipway.local.instance_files import InstanceFiles
from shipway.local.process import ChildProcess
from shipway.local.supervisor import Part, PartStatus, Supervised
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.scheduler.instances import plan_loss, terminated
from shipway.seams import Clock
from shipway.store import Store
from shipway.store.commit import commit_plan

logger = logging.getLogger(__name__)

LOOK_AGAIN_S = 0.1  # commits come in bursts, clusters do not: one look serves a burst
AGENT_STOP_GRACE_S = 5.0
CONNECT_LIMIT_S = 5


class FleetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every agent is told alike."""

    instances: InstanceSettings
    folder: Path
    endpoint_url: str
    account_id: str
    installation: str
    credentials_file: Path
    task_network: str
    link_local_network: str = ""
    publish_task_ports: bool = False
    telemetry_period_s: int = 20
    power_loss_ms: int = 60_000


@runtime_checkable
class InstanceAgent(Part, Protocol):
    """An agent as the fleet has it: of a container instance that connects."""

    instance_id: str
    metadata_port: int


class Agent:
    """One agent process as a part."""

    def __init__(
        self,
        spec: InstanceSpec,
        settings: FleetSettings,
        files: InstanceFiles,
        program: str = sys.executable,
    ) -> None:
        self.name = f"agent {spec.name}"
        self.spec = spec
        self._settings = settings
        self._files = files
        self._program = program
        self._child: ChildProcess | None = None
        self.metadata_port = 0
        self.instance_id = ""

    async def start(self) -> None:
        folder = self._files.folder_of(self.spec.name)
        identity = self._files.identity(self.spec.name)
        self.metadata_port, self.instance_id = identity.metadata_port, identity.instance_id
        environment = {
            "ECS_CLUSTER": self.spec.cluster_name,
            "ECS_DATADIR": str(folder),
            "ECS_INSTANCE_ATTRIBUTES": msgspec.json.encode(self.spec.attributes).decode(),
            "SHIPWAY_INSTANCE_ID": identity.instance_id,
            "SHIPWAY_ADDRESS": identity.address,
            "SHIPWAY_METADATA_PORT": str(identity.metadata_port),
            "SHIPWAY_AVAILABILITY_ZONE": self.spec.availability_zone,
            "SHIPWAY_CPU": str(self.spec.cpu),
            "SHIPWAY_MEMORY": str(self.spec.memory_mib),
            **shared_environment(self._settings, os.environ),
        }
        # The folder is an argument only so that one who looks at the process list knows whose agent this is.
        command = (self._program, "-m", "shipway.agent", str(folder))
        self._child = ChildProcess(self.name, command, folder / "agent.log", environment)
        await self._child.start()

    async def stop(self) -> None:
        if self._child:
            await self._child.stop(AGENT_STOP_GRACE_S)

    async def died(self) -> str:
        assert self._child, f"{self.name} was not started"
        return await self._child.wait()


def shared_environment(settings: FleetSettings, own: Mapping[str, str]) -> dict[str, str]:
    """The user's own environment tells an agent where programs and Docker are, and nothing about AWS."""
    kept = {
        name: value
        for name, value in own.items()
        if name in ("PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH") or name.startswith("DOCKER_")
    }
    return kept | {
        "SHIPWAY_BACKEND": settings.endpoint_url,
        "SHIPWAY_CREDENTIALS_FILE": str(settings.credentials_file),
        "SHIPWAY_ACCOUNT_ID": settings.account_id,
        "SHIPWAY_INSTALLATION": settings.installation,
        "SHIPWAY_TASK_NETWORK": settings.task_network,
        "SHIPWAY_LINK_LOCAL_NETWORK": settings.link_local_network,
        "SHIPWAY_PUBLISH_TASK_PORTS": "1" if settings.publish_task_ports else "",
        "SHIPWAY_TELEMETRY_PERIOD": f"{settings.telemetry_period_s}s",
        "AWS_DEFAULT_REGION": settings.instances.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass
class Dark:
    """An instance without power, and whether EC2 gives another one for it."""

    returns: bool
    terminated: bool = False


class Fleet:
    """Looks after every commit; starts the agents that are missing, stops those that are too many."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: FleetSettings,
        agent: Callable[[InstanceSpec, FleetSettings, InstanceFiles], Part] = Agent,
        clear: Callable[[str, str], Awaitable[None]] = remove_containers_of_instance,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._agent = agent
        self._clear = clear
        self._adjusting = asyncio.Lock()
        self._files = InstanceFiles(settings.folder)
        self._running: dict[str, Supervised] = {}
        self._dark: dict[str, Dark] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._unsubscribe: Callable[[], None] = lambda: None

    async def start(self) -> None:
        await self._adjust()
        self._unsubscribe = self._store.subscribe(lambda _: self._changed.set())
        self._task = asyncio.create_task(self._follow(), name="fleet")

    async def stop(self) -> None:
        self._unsubscribe()
        self._stopped = True  # a request that is still being answered must start none behind our back
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with self._adjusting:
            await asyncio.gather(*(agent.stop() for agent in self._running.values()))
            self._running.clear()

    async def lose_power(self, instance_ids: Collection[str], *, returns: bool) -> list[str]:
        """Agents and containers end at once; a while later EC2 has terminated the instances, and ECS hears
        of it. Returns the ids of those that ran.
        """
        async with self._adjusting:
            lost = {
                name: identity.instance_id
                for name, identity in self._files.kept().items()
                if name in self._running and identity.instance_id in instance_ids
            }
            self._dark |= {name: Dark(returns) for name in lost}
            await asyncio.gather(*(self._end(name) for name in lost))
            await asyncio.gather(*(self._clear(self._settings.installation, id_) for id_ in lost.values()))
        after_s = self._settings.power_loss_ms / 1000
        asyncio.get_running_loop().call_later(after_s, self._terminated_by_ec2, tuple(lost))
        return sorted(lost.values())

    def _terminated_by_ec2(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._dark[name].terminated = True
        self._changed.set()

    def statuses(self) -> list[PartStatus]:
        return [agent.status for agent in self._running.values()]

    def metadata_ports(self) -> set[int]:
        """Where the agents' metadata servers listen: what the metadata address may lead to."""
        parts = [agent.part for agent in self._running.values()]
        return {part.metadata_port for part in parts if isinstance(part, InstanceAgent)}

    async def settled(self) -> None:
        """Returns when every cluster's agents are started and connected, or after a while."""
        await self._adjust()
        late = [] if self._stopped else await self.wait_connected(CONNECT_LIMIT_S)
        if late:
            logger.warning("Not connected after %d s: %s", CONNECT_LIMIT_S, ", ".join(late))

    async def wait_connected(self, deadline_s: float) -> list[str]:
        """Waits until every agent is connected. Returns the names of those that were not in time."""
        looked = asyncio.Event()
        unsubscribe = self._store.subscribe(lambda _: looked.set())
        try:
            async with asyncio.timeout(deadline_s):
                while self._disconnected():
                    looked.clear()
                    await looked.wait()
        except TimeoutError:
            return self._disconnected()
        finally:
            unsubscribe()
        return []

    def _disconnected(self) -> list[str]:
        connected = {
            instance.ec2_instance_id
            for instance in self._store.state.all(ContainerInstance)
            if instance.agent_connected
        }
        return [
            name
            for name, agent in self._running.items()
            if isinstance(agent.part, InstanceAgent) and agent.part.instance_id not in connected
        ]

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._adjust()
            except Exception:
                logger.exception("The fleet could not be brought to what it should be; it is tried again.")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _adjust(self) -> None:
        async with self._adjusting:
            if not self._stopped:
                await self._become_what_is_wanted()

    async def _become_what_is_wanted(self) -> None:
        state = self._store.state
        wanted = desired_instances(
            state.all(Cluster),
            self._settings.instances,
            fargate_in_use(state),
            state.all(CapacityProvider),
        )
        specs = {spec.name: spec for spec in wanted}
        unwanted = {name for name in (*self._running, *self._files.kept()) if name not in specs}
        lost = {name for name in self._files.kept() if self._is_lost(name)}
        asleep = {name for name in unwanted if name.startswith(FARGATE_CLUSTER)}
        await asyncio.gather(*(self._end(name) for name in sorted(asleep & self._running.keys())))
        await asyncio.gather(*(self._terminate(name) for name in sorted((unwanted | lost) - asleep)))
        for name in [name for name, dark in self._dark.items() if dark.terminated and dark.returns]:
            del self._dark[name]
        missing = [name for name in specs if name not in self._running and name not in self._dark]
        await asyncio.gather(*(self._begin(specs[name]) for name in missing))

    async def _begin(self, spec: InstanceSpec) -> None:
        agent = Supervised(self._agent(spec, self._settings, self._files), self._clock)
        self._running[spec.name] = agent
        try:
            await agent.start()
        except BaseException:
            del self._running[spec.name]
            raise
        logger.info("Container instance %s of cluster %s was started.", spec.name, spec.cluster_name)

    async def _end(self, name: str) -> None:
        await self._running.pop(name).stop()
        logger.info("Container instance %s was stopped.", name)

    def _records(self, name: str) -> list[ContainerInstance]:
        identity = self._files.kept().get(name)
        if identity is None:
            return []
        return self._store.state.by(ContainerInstance, "ec2_instance_id", identity.instance_id)

    def _is_lost(self, name: str) -> bool:
        """Deregistered, or terminated a while after it lost its power."""
        if name in self._dark and self._dark[name].terminated:
            return True
        return any(instance.status == "INACTIVE" for instance in self._records(name))

    async def _terminate(self, name: str) -> None:
        """Each step may be repeated: the folder goes last, and while it is there this is not done."""
        if name in self._running:
            await self._end(name)
        state = self._store.state
        for instance in self._records(name):
            tasks = tuple(state.by(Task, "container_instance_arn", instance.container_instance_arn))
            plan = plan_loss(instance, tasks, terminated(instance))
            with self._store.transaction() as tx:
                commit_plan(tx, plan.actions, self._clock.now_ms())
        await self._store.durable()
        identity = self._files.kept().get(name)
        if identity is not None:
            await self._clear(self._settings.installation, identity.instance_id)
        self._files.forget(name)
        logger.info("Container instance %s was terminated.", name)
