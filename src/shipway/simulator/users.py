"""Users of the API, several at once: each has services of its own, and all share the rest.

A user does one thing after the other and notes in the ledger what was acknowledged. A call without an answer
is left in doubt; what was refused did not happen.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from shipway.model.service import Service
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.simulator import capacity, requests
from shipway.simulator.daemon_acts import DaemonActs, outside
from shipway.simulator.ledger import Ledger, Value
from shipway.simulator.options import Options
from shipway.simulator.requests import Style
from shipway.simulator.task_set_acts import TaskSetActs
from shipway.simulator.world import Refused, Unreachable, World
from shipway.store import State

Act = Callable[[], Awaitable[None]]
ANSWERS = ("CONTINUE", "CONTINUE", "ROLLBACK")
FORGOTTEN_AFTER_S = 1_800.0


class Owned:
    """A service of one user, as the user knows it."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.created = False
        self.bad: set[str] = set()  # task definitions that will not do


class User:
    def __init__(
        self, name: str, world: World, ledger: Ledger, options: Options, styles: list[Style]
    ) -> None:
        self.name = name
        self.services = [Owned(style) for style in styles]
        self._world = world
        self._ledger = ledger
        self._options = options
        self._chance: random.Random = world.chance.of(f"user {name}")
        self._placing: random.Random = world.chance.of(f"capacity of {name}")
        self._task_sets = TaskSetActs(world, self._chance)
        self.daemon = DaemonActs(world, self._placing, f"{name}-daemon")
        self._tasks: list[str] = []

    async def act_until(self, moment_s: float) -> None:
        """Acts again and again, with pauses, until the loop's clock says so."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / self._options.pause_s))
            if loop.time() >= moment_s:
                return
            await self.act()

    async def act(self) -> None:
        acts = self._acts()
        weights = [weight for weight, _ in acts]
        (act,) = self._chance.choices([act for _, act in acts], weights)
        try:
            await act()
        except (Refused, Unreachable):
            return  # the tally and the ledger know

    def _acts(self) -> list[tuple[int, Act]]:
        features, missing = self._options.features, [s for s in self.services if not s.created]
        there = [s for s in self.services if s.created]
        acts: list[tuple[int, Act]] = []
        if missing:
            acts.append((8, lambda: self.create(missing[0])))
        if there:
            one = self._chance.choice(there)
            acts += self._acts_on(one)
        if features.drains:
            acts.append((2, self.drain_or_activate))
        if features.tasks:
            acts += [(3, self.run_task), (2, self.stop_task)]
        if features.protection:
            acts.append((3, self.protect))
        if features.providers:
            acts.append((1, self.resize_group))
        if features.managed_daemons:
            acts.append((2, self.daemon.act))
        return acts or [(1, self.look)]

    def _acts_on(self, one: Owned) -> list[tuple[int, Act]]:
        features, style = self._options.features, one.style
        acts: list[tuple[int, Act]] = [(5, lambda: self.deploy(one, bad=False))]
        if not style.daemon:
            acts.append((5, lambda: self.scale(one)))
        if features.bad_definitions:
            acts.append((3, lambda: self.deploy(one, bad=True)))
        if features.deletes:
            acts.append((1, lambda: self.delete(one)))
        if features.limits or style.shifting:
            acts.append((1, lambda: self.change_limits(one)))
        if style.controller != "ECS":
            sets = self._task_sets
            acts += [(3, lambda: sets.scale(style)), (3, lambda: sets.promote(style))]
            return [*acts, (2, lambda: sets.delete(style))]
        acts.append((1, lambda: self.force(one)))
        if capacity.has_strategy(style, features):
            acts.append((2, lambda: self.change_capacity(one)))
        if features.stops:
            acts.append((2, lambda: self.stop_deployment(one)))
        if style.shifting and features.hooks:
            acts.append((4, lambda: self.answer_pause(one)))
        return acts

    # Services

    async def create(self, owned: Owned) -> None:
        """Or finds that an earlier call, which had no answer, did it."""
        known = (await self._world.call("DescribeServices", services=[owned.style.name]))["services"]
        if known and known[0]["status"] == "ACTIVE":
            owned.created = True
            return
        arn = await self._register(owned.style, bad=False)
        count = self._chance.randint(0, self._options.desired_count_max)
        request = requests.service(self._chance, self._options.features, owned.style, count, arn)
        service_arn = self._world.surface.settings.place.service("default", owned.style.name)
        asked = [
            self._ledger.ask(f"{owned.style.name}'s status", "ACTIVE", lambda s: status_of(s, service_arn))
        ]
        if not owned.style.daemon:
            asked.append(self._count_asked(owned, count))
        await self._asked(asked, "CreateService", **request)
        owned.created = True

    async def scale(self, owned: Owned) -> None:
        count = self._chance.choice((0, *range(1, self._options.desired_count_max + 1)))
        asked = [self._count_asked(owned, count)]
        await self._asked(asked, "UpdateService", service=owned.style.name, desiredCount=count)

    async def deploy(self, owned: Owned, bad: bool) -> None:
        arn = await self._register(owned.style, bad)
        if bad:
            owned.bad.add(arn)
        if owned.style.controller != "ECS":
            await self._task_sets.create(owned.style, arn)
            return
        await self._world.call("UpdateService", service=owned.style.name, taskDefinition=arn)

    async def deploy_for_good(self, owned: Owned) -> None:
        """What works, and nothing else of the service is left."""
        if owned.style.controller == "ECS":
            await self.deploy(owned, bad=False)
        else:
            await self._task_sets.replace_all(owned.style, await self._register(owned.style, bad=False))

    async def force(self, owned: Owned) -> None:
        await self._world.call("UpdateService", service=owned.style.name, forceNewDeployment=True)

    async def change_capacity(self, owned: Owned) -> None:
        document = capacity.changed(self._chance, owned.style)
        await self._world.call("UpdateService", service=owned.style.name, forceNewDeployment=True, **document)

    async def change_limits(self, owned: Owned) -> None:
        document = requests.deployment_configuration(self._chance, self._options.features, owned.style)
        await self._world.call("UpdateService", service=owned.style.name, deploymentConfiguration=document)

    async def delete(self, owned: Owned) -> None:
        service_arn = self._world.surface.settings.place.service("default", owned.style.name)
        asked = [
            self._ledger.ask(f"{owned.style.name}'s status", "deleted", lambda s: status_of(s, service_arn))
        ]
        self._ledger.forget(f"{owned.style.name}'s desired count")
        await self._asked(asked, "DeleteService", service=owned.style.name, force=True)
        owned.created = False

    async def stop_deployment(self, owned: Owned) -> None:
        going = await self._going(owned, "PENDING", "IN_PROGRESS")
        if going:
            stop_type = self._chance.choice(("ABORT", "ROLLBACK"))
            await self._world.call("StopServiceDeployment", serviceDeploymentArn=going[0], stopType=stop_type)

    async def answer_pause(self, owned: Owned) -> None:
        await self._settle_pauses(owned, ANSWERS, ("ROLLBACK", "CONTINUE"))

    async def continue_what_would_roll_back(self, owned: Owned) -> None:
        """A pause whose time-out lets the deployment go on is left to it."""
        await self._settle_pauses(owned, ("CONTINUE",), ("ROLLBACK",))

    async def _settle_pauses(
        self, owned: Owned, actions: Sequence[str], timeout_actions: Sequence[str]
    ) -> None:
        going = await self._going(owned, "IN_PROGRESS")
        if not going:
            return
        answer = await self._world.call("DescribeServiceDeployments", serviceDeploymentArns=going[:1])
        for hook in answer["serviceDeployments"][0].get("lifecycleHookDetails", []):
            if hook["status"] == "AWAITING_ACTION" and hook["timeoutAction"] in timeout_actions:
                await self._world.call(
                    "ContinueServiceDeployment",
                    serviceDeploymentArn=going[0],
                    hookId=hook["hookId"],
                    action=self._chance.choice(actions),
                )

    async def _going(self, owned: Owned, *statuses: str) -> list[str]:
        answer = await self._world.call("ListServiceDeployments", service=owned.style.name)
        return [e["serviceDeploymentArn"] for e in answer["serviceDeployments"] if e["status"] in statuses]

    # Tasks and instances

    async def run_task(self) -> None:
        style = Style(name=f"{self.name}-once", memory=16)
        style = capacity.with_capacity(self._placing, self._options.features, style)
        arn = await self._register(style, bad=False, runs_ms=self._chance.choice((500, 20_000)))
        members = requests.revision(style, arn)
        answer = await self._world.call("RunTask", count=self._chance.randint(1, 3), **members)
        for task in answer["tasks"]:
            self._promise_task(task["taskArn"])

    def _promise_task(self, task_arn: str) -> None:
        loop = asyncio.get_running_loop()
        born_s = loop.time()

        def known(state: State) -> Value:
            return state.get(Task, task_arn) is not None or loop.time() > born_s + FORGOTTEN_AFTER_S

        self._tasks.append(task_arn)
        self._ledger.ask(f"task {task_arn} known", True, known).acknowledged()

    async def stop_task(self) -> None:
        listed = await self._world.call("ListTasks")
        if not listed["taskArns"]:
            return
        task_arn = self._chance.choice(listed["taskArns"])

        def wanted(state: State) -> Value:
            task = state.get(Task, task_arn)
            return "STOPPED" if task is None else task.desired_status

        await self._world.call("StopTask", task=task_arn)
        self._ledger.ask(f"task {task_arn} wanted", "STOPPED", wanted).acknowledged()

    async def protect(self) -> None:
        listed = await self._world.call("ListTasks")
        if listed["taskArns"]:
            tasks = self._chance.sample(listed["taskArns"], 1)
            on = self._chance.random() < 0.6
            minutes = {"expiresInMinutes": self._chance.randint(1, 3)} if on else {}
            await self._world.call(
                "UpdateTaskProtection", cluster="default", tasks=tasks, protectionEnabled=on, **minutes
            )

    async def drain_or_activate(self) -> None:
        listed = await self._world.call("ListContainerInstances", **outside(self._options.features))
        if not listed["containerInstanceArns"]:
            return
        arn = self._chance.choice(listed["containerInstanceArns"])
        status = self._chance.choice(("DRAINING", "ACTIVE", "ACTIVE"))
        await self._world.call("UpdateContainerInstancesState", containerInstances=[arn], status=status)

    async def resize_group(self) -> None:
        """The owner of an Auto Scaling group sets its limits and its desired capacity."""
        name = self._placing.choice(capacity.GROUPS)
        self._world.set_group(name, capacity.drawn_size(self._placing))

    async def look(self) -> None:
        await self._world.call("ListServices")

    # The ledger

    async def _register(self, style: Style, bad: bool, **script: Any) -> str:
        drawn = requests.bad_script(self._chance, style) if bad else requests.good_script(self._chance)
        request = requests.definition(style, msgspec.structs.replace(drawn, **script))
        answer = await self._world.call("RegisterTaskDefinition", **request)
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        asked = self._ledger.ask(f"{arn} known", True, lambda s: s.get(TaskDefinition, arn) is not None)
        asked.acknowledged()
        return arn

    def _count_asked(self, owned: Owned, count: int) -> Any:
        service_arn = self._world.surface.settings.place.service("default", owned.style.name)
        return self._ledger.ask(
            f"{owned.style.name}'s desired count", count, lambda s: desired_count_of(s, service_arn)
        )

    async def _asked(self, asked: list[Any], operation: str, **members: Any) -> dict[str, Any]:
        try:
            answer = await self._world.call(operation, **members)
        except Refused:
            for each in asked:
                each.refused()
            raise
        for each in asked:
            each.acknowledged()
        return answer


def status_of(state: State, service_arn: str) -> Value | None:
    """None before it was created; DRAINING and INACTIVE are both deleted."""
    service = state.get(Service, service_arn)
    if service is None:
        return None
    return "ACTIVE" if service.status == "ACTIVE" else "deleted"


def desired_count_of(state: State, service_arn: str) -> Value | None:
    service = state.get(Service, service_arn)
    return None if service is None else service.desired_count
