"""Watches at their edge: look at ECS once a second, fold, tell what changed, until the ending."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.calls import CREDENTIAL_CODES, DENIED_CODES
from shipway.deploy.edge.interruption import Interruption
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import AwsRefusal, DeployError, NoCredentials
from shipway.deploy.events import Note
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.trouble import Trouble, lost_sight
from shipway.deploy.planning.verdict import Ending
from shipway.deploy.planning.watch import left

Members = dict[str, Any]

LOOK_EVERY_S = 1.0
# DescribeServices is eventually consistent: our own deployment may show a few seconds late.
APPEARS_WITHIN_S = 20.0


class Timed(Protocol):
    """What every watch knows: when it began, and how long it may take."""

    @property
    def started_ms(self) -> int: ...

    @property
    def timeout_s(self) -> float: ...


State = TypeVar("State", bound=Timed)


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


@dataclass(frozen=True)
class Commands:
    """What to type to look at what goes on without us, and to follow it again."""

    status: str
    resume: str


class Follower:
    """Follows a watch to its ending: a look a second, counted from the beginning of the one before."""

    def __init__(
        self, progress: Progress, pace: Pace, interruption: Interruption, commands: Commands
    ) -> None:
        self.progress = progress
        self.pace = pace
        self.interruption = interruption
        self.commands = commands

    def follow(self, watch: Watch[State], state: State) -> Followed:
        events: list[str] = []
        trouble: Trouble | None = None
        while True:
            began_ms = self.pace.now_ms()
            try:
                try:
                    step, trouble = watch.look(state), None
                    rest_s = step.rest_s
                except DeployError as error:
                    trouble = (trouble or Trouble(began_ms)).after(hopeless=cannot_heal(error))
                    step, rest_s = self._troubled(state, error, trouble)
                state = step.state
                events += step.messages
                self._tell(step)
                if step.ending is not None:
                    return Followed(step.ending, tuple(events))
                with self.interruption.opened():
                    self.pace.pause(max(0.0, rest_s - (self.pace.now_ms() - began_ms) / 1000))
            except KeyboardInterrupt:
                ending = self._interrupted(watch, state)
                if ending is not None:
                    return Followed(ending, tuple(events))

    def _troubled(self, state: State, error: DeployError, trouble: Trouble) -> tuple[Step[State], float]:
        """A look that failed: another one later, or sight is lost."""
        moment_ms, deadline_ms = self.pace.now_ms(), state.started_ms + state.timeout_s * 1000
        pause_s = min(trouble.pause_s(self.pace.chance()), max(0.0, (deadline_ms - moment_ms) / 1000))
        ending = lost_sight(trouble, error.sentence, moment_ms, deadline_ms, self.commands.resume)
        if ending is not None:
            return Step(state, ending=ending), pause_s
        return Step(state, (Note(f"{error.sentence} Looking again in {pause_s:.1f} s."),)), pause_s

    def _tell(self, step: Step[State]) -> None:
        for event in step.news:
            self.progress.tell(event)
        if step.now and step.ending is None:
            self.progress.now(step.now)

    def _interrupted(self, watch: Watch[State], state: State) -> Ending | None:
        self.progress.close()
        answer = self.interruption.asked()
        if answer in ("detach", "leave"):
            return left(answer, self.commands.status, self.commands.resume)
        return watch.roll_back(state) if answer == "roll back" else None


def cannot_heal(error: DeployError) -> bool:
    """Credentials that expired or lack a permission are not better in a moment."""
    if isinstance(error, AwsRefusal):
        return error.code in CREDENTIAL_CODES or error.code in DENIED_CODES
    return isinstance(error, NoCredentials)


def find_deployment(aws: Aws, service: Members, known: frozenset[str], pace: Pace) -> str:
    """The ARN of the service deployment that our own call began: one that was not there before."""
    until_ms = pace.now_ms() + int(APPEARS_WITHIN_S * 1000)
    name = str(service["serviceName"])
    current = service.get("currentServiceDeployment")
    while True:
        if current and current not in known:
            return str(current)
        why = "ECS shows no service deployment for it."
        try:
            for brief in aws.ecs.service_deployments(name):
                if brief["serviceDeploymentArn"] not in known:
                    return str(brief["serviceDeploymentArn"])
            current = (aws.ecs.service(name) or {}).get("currentServiceDeployment")
        except DeployError as error:
            # One look that fails is no reason to leave alone what has begun.
            why = error.sentence
            until_ms = 0 if cannot_heal(error) else until_ms
        if pace.now_ms() >= until_ms:
            raise DeployError(
                f"The service {name} was changed, and ECS goes on with it, but its deployment cannot be "
                f"followed: {why} Look at it with `{status_command(aws, name)}`."
            )
        pace.pause(LOOK_EVERY_S)


def status_command(aws: Aws, service_name: str) -> str:
    """What to type to see how it goes; it works in any folder."""
    return f"shipway status{place(aws, service_name)}"


def place(aws: Aws, service_name: str) -> str:
    """Where the service is, as the options that every verb takes."""
    region = "" if aws.local else f" --region {aws.region}"
    return f"{sign_in(aws)}{region} -s {aws.ecs.cluster}/{service_name}"


def sign_in(aws: Aws) -> str:
    """The options that lead to the same AWS; a region is named besides where nothing else has it."""
    return " -e local" if aws.local else f" --profile {shlex.quote(aws.profile)}" if aws.profile else ""


def resilient(otherwise: Any, look: Callable[..., Any], *arguments: Any) -> Any:
    """A look that only adds to what is told: when it fails, the telling goes on without it."""
    try:
        return look(*arguments)
    except DeployError:
        return otherwise


def resume_command(aws: Aws, service_deployment: str) -> str:
    """What to type to follow this service deployment to its verdict; it works in any folder."""
    return f"shipway wait{sign_in(aws)} {service_deployment}"
