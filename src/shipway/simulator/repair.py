"""What users do once nothing goes wrong any more: activate instances, deploy something good where a
deployment failed, and widen limits that allow no move. Whatever the control plane can do by itself is left
to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from shipway.model.capacity_provider import GroupSize
from shipway.model.container_instance import ContainerInstance
from shipway.model.service import Service
from shipway.model.task import Task
from shipway.simulator import capacity, requests
from shipway.simulator.balancing import load_balancer, reset_listener
from shipway.simulator.daemon_acts import outside
from shipway.simulator.options import Options
from shipway.simulator.requests import Style
from shipway.simulator.task_set_acts import ALL
from shipway.simulator.users import Owned, User
from shipway.simulator.world import Refused, World

PATIENCE_S = 120.0  # before a user takes something for stuck
BREAKER_S = 900.0  # and before the circuit breaker is given up


class Repair:
    def __init__(self, world: World, options: Options, users: list[User], say: Callable[[str], None]) -> None:
        self._world = world
        self._options = options
        self._users = users
        self._say = say
        self._looked_again_at = 0.0

    @staticmethod
    async def styles(world: World, options: Options) -> list[Style]:
        """What the services will be like, with a target group each where there are load balancers."""
        chance = world.chance.of("styles")
        styles = []
        for number in range(1, options.services + 1):
            style = requests.style(chance, options.features, number)
            style = capacity.with_capacity(world.chance.of("capacity"), options.features, style)
            if style.balanced:
                entry = await load_balancer(world, number, style.awsvpc, style.shifting)
                style = replace(style, load_balancer=entry)
            styles.append(style)
        return styles

    async def instances(self) -> None:
        """All are ACTIVE, but for one that stays drained; where room is scarce there are more of them."""
        features = self._options.features
        scarce = features.tight or features.host_ports or features.placement
        if scarce:
            self._world.add_instances(2 * self._options.desired_count_max + 1)
        if features.providers:
            self._let_groups_grow(2 * self._options.desired_count_max + 1 if scarce else 1)
        if features.drains:
            self._world.add_instances(1)
        await asyncio.sleep(5)
        listed = await self._world.call("ListContainerInstances", status="DRAINING", **outside(features))
        if listed["containerInstanceArns"]:
            await self._world.call(
                "UpdateContainerInstancesState",
                containerInstances=listed["containerInstanceArns"],
                status="ACTIVE",
            )
        if features.drains:
            listed = await self._world.call("ListContainerInstances", **outside(features))
            drained = listed["containerInstanceArns"][:1]
            await self._world.call(
                "UpdateContainerInstancesState", containerInstances=drained, status="DRAINING"
            )

    def _let_groups_grow(self, count: int) -> None:
        """Each may have one more than this, for one of them may be the instance that stays drained."""
        maximum = 2 * self._options.desired_count_max * self._options.services + count + 1
        for name in capacity.GROUPS:
            self._world.set_group(name, GroupSize(minimum=0, desired=count + 1, maximum=maximum))

    def occupied(self) -> list[str]:
        """One line for each task of a REPLICA service that is still on the drained instance."""
        state = self._world.store.state
        lines = []
        for instance in state.all(ContainerInstance):
            if instance.status != "DRAINING":
                continue
            for task in state.by(Task, "container_instance_arn", instance.container_instance_arn):
                service = state.get(Service, task.service_arn or "")
                if not task.stopped and service is not None and service.scheduling_strategy == "REPLICA":
                    lines.append(f"{instance.instance_id} drains, task {task.task_id} is still there")
        return lines

    async def services(self) -> list[dict[str, Any]]:
        """The services as they are. Now and then, whoever is stuck is helped."""
        loop = asyncio.get_running_loop()
        names = [owned.style.name for user in self._users for owned in user.services]
        answer = await self._world.call("DescribeServices", services=names)
        services = [service for service in answer["services"] if service["status"] != "INACTIVE"]
        for service in services:
            await self._let_go_on(service)
        if loop.time() >= self._looked_again_at:
            self._looked_again_at = loop.time() + PATIENCE_S
            for service in services:
                await self._help(service)
        return services

    async def daemons(self) -> list[str]:
        """One line for each managed daemon that is not rolled out; its user helps."""
        if not self._options.features.managed_daemons:
            return []
        return [line for user in self._users if (line := await user.daemon.help(self._say))]

    def unfit(self, services: list[dict[str, Any]]) -> list[str]:
        """One line for each that runs what will not do, though it may look steady for a while."""
        return [
            f"{service['serviceName']} runs {service['taskDefinition']}, which is bad"
            for service in services
            if service.get("taskDefinition") in self._owner(service["serviceName"])[0].bad
        ]

    async def _help(self, service: dict[str, Any]) -> None:
        owned, user = self._owner(service["serviceName"])
        if owned.style.controller != "ECS":
            await self._help_task_sets(service, owned, user)
            return
        primary = service["deployments"][0]
        last = service["events"][0]["message"] if service["events"] else ""
        breaker = service["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
        # A revision that is healthy for a while resets the count each time: no breaker ever trips.
        age_s = self._world.clock.now_ms() / 1000 - primary["createdAt"]
        by_itself = breaker.get("enable") and primary["rolloutState"] == "IN_PROGRESS" and age_s < BREAKER_S
        try:
            if "invalid networking configuration" in last:
                self._say(f"{service['serviceName']}: its user sends all traffic to one target group")
                await reset_listener(self._world, owned.style.load_balancer)
                await user.deploy_for_good(owned)
            elif primary["rolloutState"] == "FAILED" or (self.unfit([service]) and not by_itself):
                self._say(f"{service['serviceName']}: its user deploys something good")
                await user.deploy_for_good(owned)
            elif "deployment configuration" in last or "minimumHealthyPercent" in last:
                limits = {"minimumHealthyPercent": 0, "maximumPercent": 100 if owned.style.daemon else 200}
                self._say(f"{service['serviceName']}: its user widens its limits")
                await self._world.call(
                    "UpdateService", service=service["serviceName"], deploymentConfiguration=limits
                )
        except Refused as refusal:
            self._say(str(refusal))

    async def _let_go_on(self, service: dict[str, Any]) -> None:
        """Its user says CONTINUE whenever a hook pauses, but where its time-out says so anyway."""
        owned, user = self._owner(service["serviceName"])
        if owned.style.shifting and service["deployments"][0]["rolloutState"] == "IN_PROGRESS":
            try:
                await user.continue_what_would_roll_back(owned)
            except Refused as refusal:
                self._say(str(refusal))

    async def _help_task_sets(self, service: dict[str, Any], owned: Owned, user: User) -> None:
        """Its controller has died: a PRIMARY task set of something good is to be all there is."""
        living = [each for each in service["taskSets"] if each["status"] != "DRAINING"]
        alone = len(living) == 1 and living[0]["status"] == "PRIMARY"
        if not alone or living[0]["scale"]["value"] != ALL or self.unfit([service]):
            self._say(f"{service['serviceName']}: its user replaces its task sets")
            try:
                await user.deploy_for_good(owned)
            except Refused as refusal:
                self._say(str(refusal))

    def _owner(self, name: str) -> tuple[Owned, User]:
        return next((o, user) for user in self._users for o in user.services if o.style.name == name)
