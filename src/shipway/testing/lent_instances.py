"""Simulated container instances where `shipway local up` would start agents: some in every cluster, and one
for Fargate while it is used. What was deregistered is replaced, as there.
"""

from __future__ import annotations

import asyncio
from itertools import count

from shipway.local.desired_instances import InstanceSettings, InstanceSpec, desired_instances
from shipway.local.fargate_use import fargate_in_use
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.service import Service
from shipway.model.task import Task
from shipway.scheduler.instances import plan_loss, terminated
from shipway.simulator.agent import Agent, Machine
from shipway.simulator.world import World
from shipway.store import Change
from shipway.store.commit import commit_plan

DECIDING = (Cluster, CapacityProvider, ContainerInstance, Service, Task)


class LentInstances:
    """Looks after commits. The world's control plane must be up."""

    def __init__(self, world: World, settings: InstanceSettings) -> None:
        self._world = world
        self._settings = settings
        self._numbers = count(1)
        self._agents: dict[str, Agent] = {}
        self._looking = False
        world.on_commit.append(self._hear)
        self._look()

    def _hear(self, changes: tuple[Change, ...]) -> None:
        if not self._looking and any(change.kind in DECIDING for change in changes):
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looking = False
        if self._world.control_plane is None:
            return
        state = self._world.store.state
        wanted = desired_instances(
            state.all(Cluster), self._settings, fargate_in_use(state), state.all(CapacityProvider)
        )
        specs = {spec.name: spec for spec in wanted}
        for name, agent in list(self._agents.items()):
            asleep = name not in specs and agent.machine.attributes.get("shipway.fargate")
            if self._was_deregistered(agent) or (name not in specs and not asleep):
                self._terminate(name)
        for name in specs.keys() - self._agents.keys():
            self._agents[name] = self._begin(specs[name])

    def _begin(self, spec: InstanceSpec) -> Agent:
        number = next(self._numbers)
        settings = self._world.surface.settings
        agent = self._world.fleet.add(
            Machine(
                instance_id=f"i-{number:017x}",
                cluster=spec.cluster_name,
                address=f"127.{1 + number // 65_536}.{number // 256 % 256}.{number % 256}",
                availability_zone=spec.availability_zone,
                cpu=spec.cpu,
                memory=spec.memory_mib,
                region=settings.region,
                account_id=settings.account_id,
                attributes=spec.attributes,
            )
        )
        agent.start()
        return agent

    def _was_deregistered(self, agent: Agent) -> bool:
        return any(record.status == "INACTIVE" for record in self._records(agent))

    def _records(self, agent: Agent) -> list[ContainerInstance]:
        return self._world.store.state.by(ContainerInstance, "ec2_instance_id", agent.name)

    def _terminate(self, name: str) -> None:
        agent = self._agents.pop(name)
        self._world.fleet.remove(agent)
        store = self._world.store
        for record in self._records(agent):
            tasks = tuple(store.state.by(Task, "container_instance_arn", record.container_instance_arn))
            plan = plan_loss(record, tasks, terminated(record))
            with store.transaction() as tx:
                commit_plan(tx, plan.actions, self._world.clock.now_ms())
