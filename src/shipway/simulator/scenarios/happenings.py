"""What happens in a scenario, each verb as a function that brings it about and says what it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from shipway.model.arn import short_name
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.service_revision import ServiceDeployment
from shipway.model.traffic_shift import AWAITING_ACTION
from shipway.simulator.agent import Agent
from shipway.simulator.scenarios.capacity import interrupt
from shipway.simulator.scenarios.description import (
    ContinueDeployment,
    Crash,
    Deploy,
    Happening,
    Scale,
    Service,
    SpotInterruption,
    StopDeployment,
)
from shipway.simulator.scenarios.stage import Stage
from shipway.simulator.world import Refused, instance_id

TROUBLE = ("crash", "spot_interruption", "zone_dies", "instance_dies", "alarm")
TERMINATED_S = 60.0
"""So long after an instance lost its power EC2 has terminated it, and ECS deregisters it."""


class Happenings:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._world = stage.world
        fleet = list(stage.world.fleet.agents.values())[: stage.scenario.instances]
        self._places = dict(enumerate(fleet, 1))  # who stands where instance N of the fixed fleet is
        self._chance = stage.world.chance.of("happenings")
        self._removals: set[asyncio.Task[None]] = set()
        self._verbs: dict[str, Callable[[Any], Awaitable[None]]] = {
            "deploy": self._deploy,
            "scale": self._scale,
            "crash": self._crash,
            "spot_interruption": self._spot_interruption,
            "stop_deployment": self._stop_deployment,
            "continue_deployment": self._continue_deployment,
            "zone_dies": self._zone_dies,
            "zone_returns": self._zone_returns,
            "instance_dies": self._instance_dies,
            "instance_returns": self._instance_returns,
            "drain": self._drain,
            "activate": self._activate,
            "alarm": self._alarm,
            "alarm_ends": self._alarm_ends,
        }

    @property
    def unfinished(self) -> bool:
        """Something of what happened is still to come."""
        return bool(self._removals)

    async def bring_about(self, happening: Happening) -> None:
        for name, value in happening.verbs:
            await self._verbs[name](value)

    async def _deploy(self, deploy: Deploy) -> None:
        service = self._service(deploy.service)
        arn = await self._stage.register(service, deploy.revision, deploy.behaviour(service))
        await self._stage.deploy(service, arn)

    async def _scale(self, scale: Scale) -> None:
        await self._world.call("UpdateService", service=scale.service, desiredCount=scale.desired_count)

    async def _crash(self, crash: Crash) -> None:
        image = f"{crash.service}:"
        running = [
            container
            for _, task in self._world.fleet.tasks()
            for container in task.containers
            if container.running and str(container.payload["image"]).startswith(image)
        ]
        for container in self._chance.sample(running, min(crash.tasks, len(running))):
            container.end(crash.exit_code)

    async def _spot_interruption(self, interruption: SpotInterruption) -> None:
        await interrupt(self._world, interruption.service, interruption.tasks, self._chance)

    async def _stop_deployment(self, stop: StopDeployment) -> None:
        deployment = self._in_progress(stop.service)
        arn = deployment.service_deployment_arn
        await self._world.call("StopServiceDeployment", serviceDeploymentArn=arn, stopType=stop.stop_type)

    async def _continue_deployment(self, wish: ContinueDeployment) -> None:
        deployment = self._in_progress(wish.service)
        runs = deployment.shift.current_runs if deployment.shift is not None else ()
        paused = [run for run in runs if run.status == AWAITING_ACTION]
        if not paused:
            raise Refused("ContinueServiceDeployment", "", f"no hook of {wish.service} pauses at that moment")
        for run in paused:
            await self._world.call(
                "ContinueServiceDeployment",
                serviceDeploymentArn=deployment.service_deployment_arn,
                hookId=run.hook_id,
                action=wish.action,
            )

    def _in_progress(self, name: str) -> ServiceDeployment:
        for deployment in self._world.store.state.all(ServiceDeployment):
            if deployment.in_progress and short_name(deployment.service_arn) == name:
                return deployment
        raise Refused("ListServiceDeployments", "", f"{name} has no deployment in progress at that moment")

    async def _zone_dies(self, zone: str) -> None:
        self._world.groups.dead_zones.add(zone)
        for agent in list(self._world.fleet.agents.values()):
            if self._stands_in(agent, zone):
                self._die(agent)

    async def _zone_returns(self, zone: str) -> None:
        self._world.groups.dead_zones.discard(zone)
        for place, agent in self._places.items():
            if self._stands_in(agent, zone):
                self._come_back(place)

    async def _instance_dies(self, number: int) -> None:
        self._die(self._agent(number))

    async def _instance_returns(self, number: int) -> None:
        self._come_back(number)

    async def _drain(self, number: int) -> None:
        await self._become(self._agent(number), "DRAINING")

    async def _activate(self, number: int) -> None:
        await self._become(self._agent(number), "ACTIVE")

    async def _alarm(self, name: str) -> None:
        self._world.set_alarm(name, "ALARM")

    async def _alarm_ends(self, name: str) -> None:
        self._world.set_alarm(name, "OK")

    async def _become(self, agent: Agent, status: str) -> None:
        await self._world.call("UpdateContainerInstancesState", containerInstances=[agent.arn], status=status)

    def _agent(self, number: int) -> Agent:
        """Members of groups are numbered on, as they are started."""
        agent = self._places.get(number) or self._world.fleet.agents.get(instance_id(number))
        if agent is None:
            raise Refused("instances", "", f"there is no instance {number} at that moment")
        return agent

    def _stands_in(self, agent: Agent, zone: str) -> bool:
        machine, name = agent.machine, f"{self._world.surface.settings.region}{zone}"
        return machine.availability_zone == name and machine.cluster != FARGATE_CLUSTER

    def _die(self, agent: Agent) -> None:
        if agent.alive:
            agent.lose_power()
            removal = asyncio.get_running_loop().create_task(self._terminate(agent))
            self._removals.add(removal)
            removal.add_done_callback(self._removals.discard)

    async def _terminate(self, agent: Agent) -> None:
        await asyncio.sleep(TERMINATED_S)
        await self._world.call("DeregisterContainerInstance", containerInstance=agent.arn, force=True)
        if self._world.fleet.has(agent):
            self._world.fleet.remove(agent)

    def _come_back(self, place: int) -> None:
        """A new machine of the same size in the same zone, as an Auto Scaling group would start it."""
        agent = self._places[place]
        if not agent.alive:
            self._places[place] = self._world.replace_instance(agent)

    def _service(self, name: str) -> Service:
        return next(service for service in self._stage.scenario.services if service.name == name)


def told(happening: Happening) -> str:
    """What happens, in a few words."""
    (name, value), *_ = happening.verbs
    if isinstance(value, Deploy):
        return f"deploy {value.revision} of {value.service}"
    if isinstance(value, Scale):
        return f"scale {value.service} to {value.desired_count}"
    if isinstance(value, Crash):
        return f"{value.tasks} tasks of {value.service} crash with exit code {value.exit_code}"
    if isinstance(value, SpotInterruption):
        return f"FARGATE_SPOT takes {value.tasks} tasks of {value.service} back"
    if isinstance(value, StopDeployment):
        return f"stop the deployment of {value.service}, {value.stop_type}"
    if isinstance(value, ContinueDeployment):
        return f"{value.action} to the pause of {value.service}"
    if name in ("drain", "activate"):
        return f"{name} instance {value}"
    if name == "alarm":
        return f"alarm {value}"
    return f"{name.replace('_', f' {value} ')}"


def is_trouble(happening: Happening) -> bool:
    return any(name in TROUBLE for name, _ in happening.verbs)
