"""The watch at its edge: look at ECS once a second, fold, say what changed, until the ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.planning.fit import needs_of, never_fits
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.planning.watch import Observation, WatchState, advance, progress_text, timed_out

Members = dict[str, Any]

LOOK_EVERY_S = 1.0
# DescribeServices is eventually consistent: our own deployment may show a few seconds late.
APPEARS_WITHIN_S = 20.0
# One look may fail (a throttled call, a lost packet); so many in a row may not.
FAILED_LOOKS_MAX = 5


class Interruption(Protocol):
    """What to do when the user presses Ctrl-C during the watch."""

    def asked(self) -> str:
        """`watch`, `detach` or `roll back`."""
        ...


@dataclass(frozen=True)
class Followed:
    """The ending, and what the watch saw on the way."""

    ending: Ending
    deployment_arn: str
    events: tuple[str, ...]


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


class Follower:
    """Follows one service deployment."""

    def __init__(self, aws: Aws, service_name: str, progress: Progress, pace: Pace) -> None:
        self.aws = aws
        self.service_name = service_name
        self.progress = progress
        self.pace = pace
        self.definition: Members | None = None
        self.revision = "the new revision"

    def follow(
        self,
        deployment_arn: str,
        seen_events: frozenset[str],
        timeout_s: float,
        interruption: Interruption,
    ) -> Followed:
        state = WatchState(deployment_arn, self.pace.now_ms(), self.revision, seen_events)
        events: list[str] = []
        failed_looks = 0
        while True:
            try:
                seen = self.look(state)
                failed_looks = 0
                step = advance(state, seen)
                state = step.state
                events += step.events
                for line in step.lines:
                    self.progress.say(line)
                self.progress.now(progress_text(state))
                if step.ending is not None:
                    return Followed(step.ending, deployment_arn, tuple(events))
                if seen.moment_ms - state.started_ms >= timeout_s * 1000:
                    return Followed(timed_out(state, timeout_s), deployment_arn, tuple(events))
                self.pace.pause(LOOK_EVERY_S)
            except KeyboardInterrupt:
                ending = self.interrupted(state, interruption)
                if ending is not None:
                    return Followed(ending, deployment_arn, tuple(events))
            except DeployError as error:
                failed_looks += 1
                if failed_looks >= FAILED_LOOKS_MAX:
                    raise
                self.progress.say(f"{error.sentence} Looking again.")
                self.pace.pause(LOOK_EVERY_S)

    def look(self, state: WatchState) -> Observation:
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
            hopeless=state.unplaced_since_ms is not None and self.hopeless(),
        )

    def hopeless(self) -> bool:
        if self.definition is None:
            return False
        return never_fits(needs_of(self.definition), self.aws.ecs.container_instances()) is not None

    def interrupted(self, state: WatchState, interruption: Interruption) -> Ending | None:
        self.progress.close()
        answer = interruption.asked()
        if answer == "detach":
            return Ending(
                Verdict.DETACHED,
                "the deployment goes on by itself; see it with "
                f"`{status_command(self.aws, self.service_name)}`, or deploy the same again to watch on.",
            )
        if answer == "roll back":
            try:
                self.aws.ecs.stop_service_deployment(state.deployment_arn)
                self.progress.say("asked ECS to stop this deployment and roll back")
            except AwsRefusal as refusal:
                self.progress.say(refusal.sentence)
        return None


def status_command(aws: Aws, service_name: str) -> str:
    """What to type to see how it goes; it works in any folder."""
    environment = " -e local" if aws.local else ""
    return f"shipway status{environment} -s {aws.ecs.cluster}/{service_name}"


def resilient(otherwise: Any, look: Callable[..., Any], *arguments: Any) -> Any:
    """A look that only adds to what is told: when it fails, the telling goes on without it."""
    try:
        return look(*arguments)
    except DeployError:
        return otherwise
