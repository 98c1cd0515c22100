"""The machines of capacity providers' groups: started and terminated as the providers' records say.

Each takes a drawn time to boot. What is terminated loses its containers at once, and its tasks are over. A
member that is lost to ECS (its instance was deregistered) is terminated, and another boots in its place.
"""

from __future__ import annotations

import asyncio

from shipway.model.capacity_provider import AUTO_SCALING, CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.container_instance import CAPACITY_PROVIDER, MEMBER_NUMBER, ContainerInstance
from shipway.model.task import Task
from shipway.scheduler.instances import plan_loss, terminated
from shipway.simulator.agent import Agent
from shipway.simulator.world import World
from shipway.store import Change
from shipway.store.commit import commit_plan

Member = tuple[str, str, int]
"""Its cluster, its provider, its number."""


class GroupMachines:
    """Looks after commits, and whenever the control plane has started."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance.of("machines")
        self._agents: dict[Member, Agent] = {}
        self._gone: set[str] = set()  # terminated, by name: a registration of theirs may still arrive
        self._looking = False
        world.on_commit.append(self._hear)
        world.on_start.append(self._look_soon)

    @property
    def booting(self) -> int:
        """Machines that were ordered and whose agents do not run yet."""
        return sum(1 for agent in self._agents.values() if not agent.alive and not agent.arn)

    def _hear(self, changes: tuple[Change, ...]) -> None:
        if any(
            change.kind in (CapacityProvider, Cluster)
            or (change.kind is ContainerInstance and (change.before is None or is_lost(change.after)))
            for change in changes
        ):
            self._look_soon()

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looking = False
        if self._world.control_plane is None:
            return
        wanted = self._wanted()
        for member, agent in list(self._agents.items()):
            if member not in wanted or any(is_lost(record) for record in self._records(agent.name)):
                del self._agents[member]
                self._terminate(agent)
        for member, group in wanted.items():
            if member not in self._agents:
                self._agents[member] = self._begin(member, group)
        for name in sorted(self._gone):
            self._write_off(name)

    def _wanted(self) -> dict[Member, str]:
        """The members that there should be, each with the name of its Auto Scaling group."""
        state = self._world.store.state
        clusters = [cluster for cluster in state.all(Cluster) if cluster.status == "ACTIVE"]
        return {
            (cluster.cluster_name, provider.name, number): provider.auto_scaling_group_arn
            for provider in state.all(CapacityProvider)
            if provider.kind == AUTO_SCALING
            for cluster in clusters
            if provider.name in cluster.capacity_providers
            for number in provider.members
        }

    def _begin(self, member: Member, group: str) -> Agent:
        cluster, provider, number = member
        template = self._world.groups.template(group)
        dead = self._world.groups.dead_zones
        zones = [zone for zone in template.zones if zone not in dead] or template.zones
        zone = zones[(number - 1) % len(zones)]
        own = {CAPACITY_PROVIDER: provider, MEMBER_NUMBER: str(number)}
        agent = self._world.add_instance(
            cluster=cluster,
            availability_zone=f"{self._world.surface.settings.region}{zone}",
            cpu=template.size.cpu,
            memory=template.size.memory,
            attributes=template.attributes | own,
        )
        boot_s = self._chance.uniform(*template.boot_s)
        asyncio.get_running_loop().call_later(boot_s, self._boot, agent)
        return agent

    def _boot(self, agent: Agent) -> None:
        if self._world.fleet.has(agent):
            agent.start()

    def _terminate(self, agent: Agent) -> None:
        if self._world.fleet.has(agent):
            self._world.fleet.remove(agent)
        self._gone.add(agent.name)

    def _write_off(self, name: str) -> None:
        """What EC2 tells ECS."""
        store = self._world.store
        for record in self._records(name):
            tasks = tuple(store.state.by(Task, "container_instance_arn", record.container_instance_arn))
            plan = plan_loss(record, tasks, terminated(record))
            if plan.actions:
                with store.transaction() as tx:
                    commit_plan(tx, plan.actions, self._world.clock.now_ms())

    def _records(self, name: str) -> list[ContainerInstance]:
        return self._world.store.state.by(ContainerInstance, "ec2_instance_id", name)


def is_lost(record: object) -> bool:
    return isinstance(record, ContainerInstance) and record.status == "INACTIVE"
