"""Watches at their edge: look at ECS once a second, fold, tell what changed, until the ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.interruption import Interruption
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.events import Note
from shipway.deploy.planning.fit import needs_of, never_fits
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending
from shipway.deploy.planning.watch import Observation, WatchState, advance, left

Members = dict[str, Any]

LOOK_EVERY_S = 1.0
# DescribeServices is eventually consistent: our own deployment may show a few seconds late.
APPEARS_WITHIN_S = 20.0
# One look may fail (a throttled call, a lost packet); so many in a row may not.
FAILED_LOOKS_MAX = 5


State = TypeVar("State")


class Watch(Protocol[State]):
    """What is watched: one look at it, and the way back."""

    def look(self, state: State) -> Step[State]: ...

    def roll_back(self, state: State) -> Ending | None:
        """Ask ECS to go back; an ending if that is all there is to it."""
        ...


@dataclass(frozen=True)
class Followed:
    """The ending, and ECS's events on the way."""

    ending: Ending
    events: tuple[str, ...]


class Follower:
    """Follows a watch to its ending."""

    def __init__(self, progress: Progress, pace: Pace, interruption: Interruption, command: str) -> None:
        self.progress = progress
        self.pace = pace
        self.interruption = interruption
        self.status_command = command

    def follow(self, watch: Watch[State], state: State) -> Followed:
        events: list[str] = []
        failed_looks = 0
        while True:
            try:
                try:
                    step = watch.look(state)
                    failed_looks = 0
                except DeployError as error:
                    failed_looks += 1
                    if failed_looks >= FAILED_LOOKS_MAX:
                        raise
                    step = Step(state, (Note(f"{error.sentence} Looking again."),))
                state = step.state
                events += step.messages
                self._tell(step)
                if step.ending is not None:
                    return Followed(step.ending, tuple(events))
                with self.interruption.opened():
                    self.pace.pause(LOOK_EVERY_S)
            except KeyboardInterrupt:
                ending = self._interrupted(watch, state)
                if ending is not None:
                    return Followed(ending, tuple(events))

    def _tell(self, step: Step[State]) -> None:
        for event in step.news:
            self.progress.tell(event)
        if step.now and step.ending is None:
            self.progress.now(step.now)

    def _interrupted(self, watch: Watch[State], state: State) -> Ending | None:
        self.progress.close()
        answer = self.interruption.asked()
        if answer in ("detach", "leave"):
            return left(answer, self.status_command)
        return watch.roll_back(state) if answer == "roll back" else None


class DeploymentWatch:
    """Looks at one service deployment."""

    def __init__(self, aws: Aws, service_name: str, progress: Progress, pace: Pace) -> None:
        self.aws = aws
        self.service_name = service_name
        self.progress = progress
        self.pace = pace
        self.definition: Members | None = None

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
        newest = None
        # The service comes second, so that the events around the end are in the last look.
        deployment = self.aws.ecs.service_deployment(state.deployment_arn)
        service = self.aws.ecs.service(self.service_name)
        if deployment is not None and deployment["status"] in ("STOPPED", "STOP_REQUESTED"):
            briefs = self.aws.ecs.service_deployments(self.service_name)
            newest = next((str(brief["serviceDeploymentArn"]) for brief in briefs), None)
        return Observation(
            moment_ms=self.pace.now_ms(),
            deployment=deployment,
            service=service,
            newest_deployment_arn=newest,
            hopeless=state.unplaced_since_ms is not None and self._hopeless(),
        )

    def _hopeless(self) -> bool:
        if self.definition is None:
            return False
        return never_fits(needs_of(self.definition), self.aws.ecs.container_instances()) is not None


def find_deployment(aws: Aws, service: Members, known: frozenset[str], pace: Pace) -> str:
    """The ARN of the service deployment that our own call began: one that was not there before."""
    until_ms = pace.now_ms() + int(APPEARS_WITHIN_S * 1000)
    name = str(service["serviceName"])
    current = service.get("currentServiceDeployment")
    while True:
        if current and current not in known:
            return str(current)
        for brief in aws.ecs.service_deployments(name):
            if brief["serviceDeploymentArn"] not in known:
                return str(brief["serviceDeploymentArn"])
        if pace.now_ms() >= until_ms:
            raise DeployError(
                f"The service {name} was changed, but ECS shows no service deployment for it. "
                "Look at it with `shipway status`."
            )
        pace.pause(LOOK_EVERY_S)
        current = (aws.ecs.service(name) or {}).get("currentServiceDeployment")


def status_command(aws: Aws, service_name: str) -> str:
    """What to type to see how it goes; it works in any folder."""
    return f"shipway status{place(aws, service_name)}"


def place(aws: Aws, service_name: str) -> str:
    """Where the service is, as the options that every verb takes."""
    environment = " -e local" if aws.local else ""
    return f"{environment} -s {aws.ecs.cluster}/{service_name}"


def resilient(otherwise: Any, look: Callable[..., Any], *arguments: Any) -> Any:
    """A look that only adds to what is told: when it fails, the telling goes on without it."""
    try:
        return look(*arguments)
    except DeployError:
        return otherwise
