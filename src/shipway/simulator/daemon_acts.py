"""Managed daemons of a simulated world: their Managed Instances, and what the owner of a daemon does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from shipway.model.container_instance import CAPACITY_PROVIDER, MEMBER_NUMBER
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.simulator import requests
from shipway.simulator.agent_task import AgentTask
from shipway.simulator.options import Features
from shipway.simulator.requests import Style
from shipway.simulator.scripts import Script
from shipway.simulator.world import Refused, World

Document = dict[str, Any]
PROVIDER = "managed"


async def prepare(world: World, features: Features) -> None:
    """The provider and its instances: as many as there were at first, and no more."""
    if not features.managed_daemons:
        return
    template = {"ec2InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/instances"}
    await world.call(
        "CreateCapacityProvider",
        name=PROVIDER,
        cluster="default",
        managedInstancesProvider={
            "infrastructureRoleArn": "arn:aws:iam::000000000000:role/infrastructure",
            "instanceLaunchTemplate": {
                **template,
                "networkConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]},
            },
        },
    )
    for number in range(1, world.chance.of("providers").randint(1, 4) + 1):
        add_instance(world, number)


def add_instance(world: World, number: int) -> None:
    attributes = {CAPACITY_PROVIDER: PROVIDER, MEMBER_NUMBER: str(number)}
    world.add_instances(1, attributes=attributes)


def outside(features: Features) -> Document:
    """Of ListContainerInstances: whoever drains or activates an instance takes it out of a daemon's hold."""
    return {"filter": f"not(attribute:{CAPACITY_PROVIDER} == {PROVIDER})"} if features.managed_daemons else {}


class DaemonActs:
    """One daemon: created, updated, deleted. Its definitions have no labels, so scripts go by the image."""

    def __init__(self, world: World, chance: random.Random, name: str) -> None:
        self.name = name
        self._world = world
        self._chance = chance
        self._bad: set[str] = set()  # daemon task definitions that will not do
        self._scripts: dict[str, Script] = {}
        self._arn = world.surface.settings.place.daemon("default", name)
        world.fleet.on_taken.append(self._taken)

    async def act(self) -> None:
        state = self._world.store.state if self._world.control_plane is not None else None
        if state is None or state.get(Daemon, self._arn) is None:
            await self.create()
        elif self._chance.random() < 0.15:
            await self._world.call("DeleteDaemon", daemonArn=self._arn)
        else:
            await self.update(bad=self._chance.random() < 0.4)

    async def create(self) -> None:
        members = await self._members(bad=False)
        await self._world.call("CreateDaemon", daemonName=self.name, clusterArn="default", **members)

    async def update(self, bad: bool) -> None:
        await self._world.call("UpdateDaemon", daemonArn=self._arn, **await self._members(bad))

    async def help(self, say: Callable[[str], None]) -> str:
        """What is pending, in one line. What failed or is bad is followed by something good."""
        state = self._world.store.state
        daemon = state.get(Daemon, self._arn)
        deployment = state.get(DaemonDeployment, daemon.deployment_arn) if daemon is not None else None
        revision = state.get(DaemonRevision, daemon.revision_arn) if daemon is not None else None
        if daemon is None or deployment is None or revision is None:
            return ""
        bad = daemon.status == "ACTIVE" and revision.daemon_task_definition_arn in self._bad
        if not deployment.in_progress and (bad or deployment.status != "SUCCESSFUL"):
            say(f"{self.name}: its user deploys something good")
            try:
                await self.update(bad=False)
            except Refused as refusal:
                say(str(refusal))
        if deployment.status == "SUCCESSFUL" and not bad:
            return ""
        return f"{self.name}: its deployment is {deployment.status}{', and it is bad' if bad else ''}"

    async def _members(self, bad: bool) -> Document:
        style = Style(name=self.name, checked=self._chance.random() < 0.3)
        script = requests.bad_script(self._chance, style) if bad else requests.good_script(self._chance)
        image = f"{self.name}:{len(self._scripts) + 1}"
        self._scripts[image] = script
        container: Document = {"name": "main", "image": image, "memory": 16, "cpu": 16}
        if style.checked:
            container["healthCheck"] = {"command": ["CMD-SHELL", "true"]}
        answer = await self._world.call(
            "RegisterDaemonTaskDefinition", family=self.name, containerDefinitions=[container]
        )
        arn = answer["daemonTaskDefinitionArn"]
        if bad:
            self._bad.add(arn)
        return {
            "daemonTaskDefinitionArn": arn,
            "capacityProviderArns": [self._world.surface.settings.place.capacity_provider(PROVIDER)],
            "critical": self._chance.random() < 0.6,
            "deploymentConfiguration": {
                "drainPercent": self._chance.choice((0.0, 25.0, 50.0, 100.0)),
                "bakeTimeInMinutes": self._chance.choice((0, 0, 1)),
            },
        }

    def _taken(self, task: AgentTask) -> None:
        for container in task.containers:
            container.script = self._scripts.get(str(container.payload["image"]), container.script)
