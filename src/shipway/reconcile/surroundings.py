"""What every loop is given: the store, the seams and the installation's own figures."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from shipway.model.actions import Action, Plan
from shipway.model.arn import Place
from shipway.model.capacity_provider import GroupSize
from shipway.model.scaling import ScalableTarget, ScalingReport
from shipway.model.snapshot import InstanceSize, Timing
from shipway.seams import Clock, Ids
from shipway.store import Store
from shipway.store.commit import commit_plan
from shipway.store.metrics import Metrics

logger = logging.getLogger("shipway.plan")


class Alarms(Protocol):
    """CloudWatch, as far as deployments ask."""

    def alarm_states(self, names: Iterable[str]) -> dict[str, str]:
        """OK, ALARM or INSUFFICIENT_DATA of each of these alarms that exists."""
        ...


class NoAlarms:
    def alarm_states(self, names: Iterable[str]) -> dict[str, str]:
        return {}


class HookUnreachedError(Exception):
    """A hook's function could not be asked; the text says why."""


class HookCaller(Protocol):
    """Who asks the functions of lifecycle hooks; the simulator brings its own."""

    async def call(self, target_arn: str, payload: bytes) -> bytes:
        """The function's answer, of bounded size; HookUnreachedError when there is none."""
        ...


class NoFunctions:
    async def call(self, target_arn: str, payload: bytes) -> bytes:
        raise HookUnreachedError("there are no functions here")


class Groups(Protocol):
    """EC2 Auto Scaling, as far as capacity providers ask."""

    def size(self, auto_scaling_group_arn: str) -> GroupSize | None:
        """The limits and the wish of a group; None when there is no such group."""
        ...

    def new_instance(self, auto_scaling_group_arn: str) -> InstanceSize | None:
        """How large its next instance will be; None when it is as every other one here."""
        ...


class NoGroups:
    def size(self, auto_scaling_group_arn: str) -> GroupSize | None:
        return None

    def new_instance(self, auto_scaling_group_arn: str) -> InstanceSize | None:
        return None


class AutoScaling(Protocol):
    """Application Auto Scaling."""

    async def observe(self, now_ms: int) -> ScalingReport:
        """The scalable targets that are ECS services, and what their metrics and alarms say."""
        ...

    async def set_limits(self, target: ScalableTarget, minimum: int, maximum: int) -> None:
        """What a scheduled action does to its target."""
        ...


class NoAutoScaling:
    async def observe(self, now_ms: int) -> ScalingReport:
        return ScalingReport()

    async def set_limits(self, target: ScalableTarget, minimum: int, maximum: int) -> None:
        raise AssertionError("there is no target whose limits could be set")


@dataclass(frozen=True)
class Surroundings:
    store: Store
    clock: Clock
    ids: Ids
    place: Place
    task_network_cidr: str = "10.47.0.0/16"
    timing: Timing = field(default_factory=Timing)
    alarms: Alarms = field(default_factory=NoAlarms)
    groups: Groups = field(default_factory=NoGroups)
    auto_scaling: AutoScaling = field(default_factory=NoAutoScaling)
    metrics: Metrics = field(default_factory=Metrics)
    new_instance: InstanceSize = field(default_factory=InstanceSize)
    hooks: HookCaller = field(default_factory=NoFunctions)

    def commit(self, plan: Plan) -> tuple[Action, ...]:
        """Commits a plan; each action's line and reason go to the log. Returns what was refused."""
        if not plan.actions:
            return ()
        with self.store.transaction() as tx:
            refused = commit_plan(tx, plan.actions, self.clock.now_ms())
        for action in plan.actions if logger.isEnabledFor(logging.INFO) else ():
            logger.info("%s%s: %s", "refused " if action in refused else "", action.text(), action.reason)
        return refused


def earliest(moments: list[int | None]) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)
