"""The watch of one service deployment at its edge: one call a look, each seeing another side of it.

DescribeServiceDeployments and DescribeServices take turns. Either shows that an end has come: the service's
own current deployment or rollout moves at that moment, and then the other side is looked at, too. Now and
then a look is for the targets' health, or for the tasks that have stopped; a look of several calls is
followed by as many seconds of rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.calls import DENIED_CODES
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import AwsRefusal
from shipway.deploy.planning.fit import needs_of, never_fits
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending
from shipway.deploy.planning.watch import ENDED, Observation, WatchState, advance, rolls_back

Members = dict[str, Any]

# Instances come and go slowly, and two calls are asked for them.
HOPELESS_EVERY_MS = 10_000
TARGETS_EVERY_MS = 6_000
# The first image may take its time to be pulled; what fails sooner than this is looked at then.
TASKS_AFTER_MS = 2_000
TASKS_EVERY_MS = 12_000
TARGET_GROUPS_MAX = 2


class DeploymentWatch:
    """Looks at one service deployment."""

    def __init__(self, aws: Aws, service_name: str, progress: Progress, pace: Pace) -> None:
        self.aws = aws
        self.service_name = service_name
        self.progress = progress
        self.pace = pace
        # What it deploys: looked up only when a task has found no place.
        self.target: str | None = None
        self._definition: Members | None = None
        self._deployment: Members | None = None
        self._service: Members | None = None
        self._service_next = False
        self._hopeless = False
        self._hopeless_at_ms: int | None = None
        self._calls = 0
        self._failures = 0
        self._tasks_at_ms: int | None = None
        self._targets_at_ms: int | None = None

    def look(self, state: WatchState) -> Step[WatchState]:
        first, self._calls = self._service is None, 0
        step = advance(state, self._observed(state))
        found = step.state.incurable and not state.incurable
        if found and step.ending is None and rolls_back(step.state, self._deployment or {}):
            self.progress.say("no further task would do better, so the breaker's count is not waited for")
            self.roll_back(state)
        return step if first else replace(step, rest_s=max(1.0, float(self._calls)))

    def roll_back(self, state: WatchState) -> Ending | None:
        try:
            self.aws.ecs.stop_service_deployment(state.deployment_arn)
            self.progress.say("asked ECS to stop this deployment and roll back")
        except AwsRefusal as refusal:
            self.progress.say(refusal.sentence)
        return None

    def _observed(self, state: WatchState) -> Observation:
        targets: dict[str, int] | None = None
        stopped: tuple[Members, ...] = ()
        if self._service is None or self._deployment is None:
            self._look_at_deployment(state)
            self._look_at_service()
        elif self._tasks_are_due(state):
            stopped = self._look_at_tasks(state)
        elif self._targets_are_due(state):
            targets = self._look_at_targets()
            if not state.incomplete and set(targets) <= {"healthy", "draining"}:
                # Nothing is missing any more: this may be the end.
                self._look_at_deployment(state)
        else:
            self._look_at_the_next_side(state)
        newest = None
        if self._deployment is not None and self._deployment["status"] in ("STOPPED", "STOP_REQUESTED"):
            briefs = self.aws.ecs.service_deployments(self.service_name)
            newest = next((str(brief["serviceDeploymentArn"]) for brief in briefs), None)
        return Observation(
            moment_ms=self.pace.now_ms(),
            deployment=self._deployment,
            service=self._service,
            newest_deployment_arn=newest,
            hopeless=state.unplaced_since_ms is not None and self._never_fits(),
            targets=targets,
            stopped=stopped,
        )

    def _look_at_the_next_side(self, state: WatchState) -> None:
        if self._service_next:
            before = moved(self._service)
            self._look_at_service()
            if moved(self._service) != before:
                self._look_at_deployment(state)
        else:
            deployment = self._look_at_deployment(state)
            if deployment is None or deployment["status"] in ENDED:
                # So that the events around the end are in the last look.
                self._look_at_service()
        self._service_next = not self._service_next

    def _tasks_are_due(self, state: WatchState) -> bool:
        """After another failure, and now and then while tasks are missing: not every failure is counted."""
        if state.fail_fast == "off" or state.incurable or not state.incomplete:
            return False
        moment_ms = self.pace.now_ms()
        due = self._tasks_at_ms is None or moment_ms - self._tasks_at_ms >= TASKS_EVERY_MS
        if moment_ms - state.started_ms < TASKS_AFTER_MS or not (due or state.failures > self._failures):
            return False
        self._tasks_at_ms, self._failures = moment_ms, state.failures
        return True

    def _targets_are_due(self, state: WatchState) -> bool:
        if not target_groups(self._service):
            return False
        moment_ms = self.pace.now_ms()
        if self._targets_at_ms is not None and moment_ms - self._targets_at_ms < TARGETS_EVERY_MS:
            return False
        self._targets_at_ms = moment_ms
        return True

    def _look_at_tasks(self, state: WatchState) -> tuple[Members, ...]:
        self._calls += 2
        return tuple(self._allowed([], self.aws.ecs.stopped_tasks, self.service_name))

    def _look_at_targets(self) -> dict[str, int]:
        states: Counter[str] = Counter()
        for arn in target_groups(self._service):
            self._calls += 1
            for found in self._allowed([], self.aws.elbv2.target_health, arn):
                states[str((found.get("TargetHealth") or {}).get("State", "unknown"))] += 1
        return dict(states)

    def _look_at_deployment(self, state: WatchState) -> Members | None:
        self._calls += 1
        self._deployment = self.aws.ecs.service_deployment(state.deployment_arn)
        return self._deployment

    def _allowed(self, otherwise: Any, look: Callable[[str], Any], of: str) -> Any:
        """What the watch can do without, should these credentials not be given it."""
        try:
            return look(of)
        except AwsRefusal as refusal:
            if refusal.code not in DENIED_CODES:
                raise
            return otherwise

    def _look_at_service(self) -> None:
        self._calls += 1
        self._service = self.aws.ecs.service(self.service_name)

    def _never_fits(self) -> bool:
        if self._definition is None and self.target is not None:
            self._calls += 1
            self._definition = self._allowed(None, self.aws.ecs.task_definition, self.target)
        if self._definition is None:
            return False
        moment_ms = self.pace.now_ms()
        if self._hopeless_at_ms is None or moment_ms - self._hopeless_at_ms >= HOPELESS_EVERY_MS:
            needs, self._hopeless_at_ms = needs_of(self._definition), moment_ms
            self._calls += 2
            self._hopeless = never_fits(needs, self.aws.ecs.container_instances()) is not None
        return self._hopeless


def moved(service: Members | None) -> tuple[object, ...]:
    """What of a service changes when one of its deployments ends."""
    if service is None:
        return (None,)
    states = tuple((found.get("id"), found.get("rolloutState")) for found in service.get("deployments") or ())
    return (service.get("status"), service.get("currentServiceDeployment"), states)


def target_groups(service: Members | None) -> tuple[str, ...]:
    found: list[str] = []
    for member in (service or {}).get("loadBalancers") or ():
        alternate = (member.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
        found += [str(arn) for arn in (member.get("targetGroupArn"), alternate) if arn]
    return tuple(dict.fromkeys(found))[:TARGET_GROUPS_MAX]
