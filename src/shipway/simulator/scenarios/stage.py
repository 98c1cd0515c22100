"""What a scenario describes, brought into a world: instances, task definitions, load balancers, services."""

from __future__ import annotations

import random
from typing import Any

from msgspec.structs import replace

from shipway.model.arn import short_name
from shipway.simulator.agent_task import AgentTask
from shipway.simulator.balancing import listener
from shipway.simulator.containers import Container
from shipway.simulator.scenarios.capacity import size_of_task, where
from shipway.simulator.scenarios.description import Behaviour, Scenario, Service, Span
from shipway.simulator.scenarios.strategy import ROLE, deployment_configuration, give_functions
from shipway.simulator.scripts import Script
from shipway.simulator.world import World

Document = dict[str, Any]
FIRST_LISTENER_PORT = 8080
FIRST_TEST_LISTENER_PORT = 9080
CONTAINER_PORT = 80


class Stage:
    """Who of the world belongs to what of the scenario. Instances are numbered from 1, as in the file."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self.world = world
        self.scenario = scenario
        self.behaviours: dict[str, Behaviour] = {}  # by image, which names service and revision
        self.revisions: dict[str, str] = {}  # task definition ARN -> the revision's name
        self._chance = world.chance.of("tasks")
        self._provisioning = world.chance.of("fargate")
        world.fleet.on_taken.append(self._taken)

    def set_up(self) -> None:
        """The instances, and the alarms, which say OK."""
        for name in sorted(self.scenario.alarms):
            self.world.set_alarm(name, "OK")
        for machines in self.scenario.fixed:
            self.world.add_instances(
                machines.count,
                zones=machines.zones,
                cpu=machines.cpu,
                memory=machines.memory,
                attributes=machines.attributes,
            )
        if self.scenario.fargate:
            self.world.add_fargate()

    def numbers(self) -> dict[str, str]:
        """The id of each container instance that is registered -> `instance N`, and its zone."""
        found = {}
        for agent in self.world.fleet.agents.values():
            zone = agent.machine.availability_zone.removeprefix(self.world.surface.settings.region)
            number = int(agent.name.removeprefix("i-"), 16)
            found[short_name(agent.arn)] = f"{number} in zone {zone}"
        return found

    async def create(self, service: Service) -> None:
        document: Document = {
            "serviceName": service.name,
            "taskDefinition": await self.register(service, service.revision, service),
            "desiredCount": service.desired_count,
            "deploymentConfiguration": deployment_configuration(service, hooks=False),
            "placementStrategy": service.placement_strategy,
            "placementConstraints": service.placement_constraints,
            **where(service),
        }
        if service.load_balancer:
            document["loadBalancers"] = [await self._balance(service)]
        if service.load_balancer or service.health_check:
            document["healthCheckGracePeriodSeconds"] = int(service.health_check_grace_period)
        await self.world.call("CreateService", **document)
        give_functions(self.world.functions, service, self.world.chance.of("functions"))

    async def deploy(self, service: Service, task_definition: str) -> None:
        """A new revision; from now on with the service's hooks."""
        document: Document = {"service": service.name, "taskDefinition": task_definition}
        if service.lifecycle_hooks:
            document["deploymentConfiguration"] = deployment_configuration(service, hooks=True)
        await self.world.call("UpdateService", **document)

    async def register(self, service: Service, revision: str, behaviour: Behaviour) -> str:
        """The ARN of the revision's task definition."""
        image = f"{service.name}:{revision}"
        self.behaviours[image] = behaviour
        container: Document = {
            "name": service.name,
            "image": image,
            "cpu": behaviour.cpu,
            "memory": behaviour.memory,
        }
        if service.load_balancer:
            container["portMappings"] = [{"containerPort": CONTAINER_PORT}]
        if service.health_check:
            container["healthCheck"] = {"command": ["CMD-SHELL", "true"]}
        answer = await self.world.call(
            "RegisterTaskDefinition",
            family=service.name,
            containerDefinitions=[container],
            **size_of_task(service, behaviour),
        )
        arn = str(answer["taskDefinition"]["taskDefinitionArn"])
        self.revisions[arn] = revision
        return arn

    async def _balance(self, service: Service) -> Document:
        """A load balancer with a listener and what it forwards to; the entry of `loadBalancers`."""
        place = [other.name for other in self.scenario.services].index(service.name)
        arn = await self._target_group(service, service.name)
        entry = {"targetGroupArn": arn, "containerName": service.name, "containerPort": CONTAINER_PORT}
        made = await self._elb("CreateLoadBalancer", Name=service.name, Subnets=["subnet-1", "subnet-2"])
        balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
        if service.strategy == "ROLLING":
            await listener(self.world, balancer, FIRST_LISTENER_PORT + place, {arn: 1})
            return entry
        alternate = await self._target_group(service, f"{service.name}-alternate")
        port, weights = FIRST_LISTENER_PORT + place, {arn: 1, alternate: 0}
        advanced = {
            "alternateTargetGroupArn": alternate,
            "productionListenerRule": await listener(self.world, balancer, port, weights),
            "roleArn": ROLE,
        }
        if service.test_listener:
            port = FIRST_TEST_LISTENER_PORT + place
            advanced["testListenerRule"] = await listener(self.world, balancer, port, {alternate: 1})
        return {**entry, "advancedConfiguration": advanced}

    async def _target_group(self, service: Service, name: str) -> str:
        kind = "ip" if service.fargate else "instance"
        group = await self._elb(
            "CreateTargetGroup", Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1", TargetType=kind
        )
        arn: str = group["TargetGroups"][0]["TargetGroupArn"]
        delay = str(int(service.deregistration_delay))
        await self._elb(
            "ModifyTargetGroupAttributes",
            TargetGroupArn=arn,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}],
        )
        return arn

    async def _elb(self, operation: str, **members: Any) -> Document:
        return await self.world.call(operation, "elbv2", **members)

    def _taken(self, task: AgentTask) -> None:
        """A new task: how it will go is drawn now."""
        for container in task.containers:
            behaviour = self.behaviours.get(str(container.payload["image"]))
            if behaviour is not None:
                container.script = self._provisioned(container, script(behaviour, self._chance))

    def _provisioned(self, container: Container, own: Script) -> Script:
        """What Fargate needs for the task comes before its image is pulled."""
        name = str(container.payload["image"]).partition(":")[0]
        service = next(service for service in self.scenario.services if service.name == name)
        waits_ms = _drawn(service.provision, self._provisioning) if service.fargate else 0
        return replace(own, pull_ms=own.pull_ms + waits_ms)


def script(behaviour: Behaviour, chance: random.Random) -> Script:
    """One task's own, drawn. Every draw is made each time, so that no trouble changes what comes after it."""
    pull_ms, start_ms = _drawn(behaviour.pull, chance), _drawn(behaviour.start, chance)
    stop_ms = _drawn(behaviour.stop, chance)
    healthy_ms = _drawn(behaviour.healthy_after, chance)
    exits_ms = _drawn(behaviour.exits_after or Span(0, 0), chance)
    fails_ms = _drawn(behaviour.fails_after or Span(0, 0), chance)
    failing = chance.random() * 100 < behaviour.failing_percent
    healthy = None if failing and behaviour.never_healthy else healthy_ms
    fails = fails_ms if failing and behaviour.fails_after is not None else None
    return Script(
        pull_ms=pull_ms,
        start_ms=start_ms,
        stop_ms=stop_ms,
        pull_error=behaviour.pull_error if failing else "",
        runs_ms=exits_ms if failing and behaviour.exits_after is not None else None,
        exit_code=behaviour.exit_code,
        healthy_after_ms=healthy,
        answers_after_ms=healthy,
        unhealthy_after_ms=fails,
        fails_after_ms=fails,
    )


def _drawn(span: Span, chance: random.Random) -> int:
    return round(chance.uniform(span.low_s, span.high_s) * 1000)
