"""The watch of one service deployment at its edge: one call a look, each seeing another side of it.

DescribeServiceDeployments and DescribeServices take turns. Either shows that an end has come: the service's
own current deployment or rollout moves at that moment, and then the other side is looked at, too.
"""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import AwsRefusal
from shipway.deploy.planning.fit import needs_of, never_fits
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending
from shipway.deploy.planning.watch import ENDED, Observation, WatchState, advance

Members = dict[str, Any]

# Instances come and go slowly, and two calls are asked for them.
HOPELESS_EVERY_MS = 10_000


class DeploymentWatch:
    """Looks at one service deployment."""

    def __init__(self, aws: Aws, service_name: str, progress: Progress, pace: Pace) -> None:
        self.aws = aws
        self.service_name = service_name
        self.progress = progress
        self.pace = pace
        self.definition: Members | None = None
        self._deployment: Members | None = None
        self._service: Members | None = None
        self._service_next = False
        self._hopeless = False
        self._hopeless_at_ms: int | None = None

    def look(self, state: WatchState) -> Step[WatchState]:
        return advance(state, self._observed(state))

    def roll_back(self, state: WatchState) -> Ending | None:
        try:
            self.aws.ecs.stop_service_deployment(state.deployment_arn)
            self.progress.say("asked ECS to stop this deployment and roll back")
        except AwsRefusal as refusal:
            self.progress.say(refusal.sentence)
        return None

    def _observed(self, state: WatchState) -> Observation:
        if self._service is None or self._deployment is None:
            self._look_at_deployment(state)
            self._look_at_service()
        elif self._service_next:
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
        )

    def _look_at_deployment(self, state: WatchState) -> Members | None:
        self._deployment = self.aws.ecs.service_deployment(state.deployment_arn)
        return self._deployment

    def _look_at_service(self) -> None:
        self._service = self.aws.ecs.service(self.service_name)

    def _never_fits(self) -> bool:
        if self.definition is None:
            return False
        moment_ms = self.pace.now_ms()
        if self._hopeless_at_ms is None or moment_ms - self._hopeless_at_ms >= HOPELESS_EVERY_MS:
            needs, self._hopeless_at_ms = needs_of(self.definition), moment_ms
            self._hopeless = never_fits(needs, self.aws.ecs.container_instances()) is not None
        return self._hopeless


def moved(service: Members | None) -> tuple[object, ...]:
    """What of a service changes when one of its deployments ends."""
    if service is None:
        return (None,)
    states = tuple((found.get("id"), found.get("rolloutState")) for found in service.get("deployments") or ())
    return (service.get("status"), service.get("currentServiceDeployment"), states)
