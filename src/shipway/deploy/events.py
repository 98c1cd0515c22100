"""What happens during a deployment, as values: whoever deploys by the library reads them, and so does the
command line. Each has one line of text (empty: nothing that people need to read) and a document of JSON
members whose names never change. Moments are epoch milliseconds, durations say their unit in the name.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from shipway.deploy.planning.likely_time import spoken

if TYPE_CHECKING:
    from shipway.deploy.outcome import Outcome
    from shipway.deploy.releasing.release_outcome import ReleaseOutcome


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to `service`; empty where no one service is meant."""

    service: str = ""

    def text(self) -> str:
        """One line for people."""
        return ""

    def as_document(self) -> dict[str, Any]:
        """`event` (which one it is), `service`, and its own members."""
        own = {camel_case(item.name): plain(getattr(self, item.name)) for item in fields(self)}
        return {"event": type(self).event_name(), **own}

    @classmethod
    def event_name(cls) -> str:
        return cls.__name__[:1].lower() + cls.__name__[1:]


@dataclass(frozen=True)
class Note(Event):
    """Something to know; no other event says it."""

    sentence: str

    def text(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class ActionBegun(Event):
    """An action of the plan begins. `action` is its kind: BuildImage, CreateService, ..."""

    action: str
    what: str
    reason: str

    def text(self) -> str:
        return f"{self.what}: {self.reason}"


@dataclass(frozen=True)
class ActionDone(Event):
    """The action is done: AWS or Docker has said so."""

    action: str
    what: str
    duration_ms: int


@dataclass(frozen=True)
class ImagePushed(Event):
    """`image` is repository:tag, `digest` the registry's (Docker's `push`)."""

    container: str
    image: str
    digest: str

    def text(self) -> str:
        return f"pushed {self.image} as {self.digest[:19]}"


@dataclass(frozen=True)
class TaskDefinitionRegistered(Event):
    """ECS RegisterTaskDefinition: taskDefinitionArn."""

    task_definition: str

    def text(self) -> str:
        return f"registered {self.task_definition.rpartition('/')[2]}"


@dataclass(frozen=True)
class DeploymentFollowed(Event):
    """This is the service deployment whose end will be the verdict (ECS serviceDeploymentArn)."""

    service_deployment: str

    def text(self) -> str:
        return f"following service deployment {self.service_deployment.rpartition('/')[2]}"


@dataclass(frozen=True)
class StatusChanged(Event):
    """ECS ServiceDeployment.status, or a new statusReason of it."""

    status: str
    sentence: str

    def text(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class TasksCounted(Event):
    """Of the target revision (ECS requestedTaskCount, runningTaskCount, pendingTaskCount); while ECS rolls
    back, of the service.
    """

    revision: str
    requested: int
    running: int
    pending: int
    rolling_back: bool = False

    def text(self) -> str:
        text = f"{self.running} of {self.requested} tasks running"
        if self.pending:
            text += f", {self.pending} starting"
        before = "rolling back" if self.rolling_back else self.revision
        return f"{before}: {text}" if before else text


@dataclass(frozen=True)
class TargetsCounted(Event):
    """Targets of the service's target groups by state (ELB DescribeTargetHealth: healthy, initial, ...)."""

    states: dict[str, int]

    def text(self) -> str:
        return "targets: " + (", ".join(f"{count} {state}" for state, count in self.states.items()) or "none")


@dataclass(frozen=True)
class EndExpected(Event):
    """How long the middle one of the earlier deployments that succeeded took, `earlier` of them (ECS
    ListServiceDeployments: startedAt, finishedAt).
    """

    usual_ms: int
    earlier: int

    def text(self) -> str:
        return (
            f"usually it takes {spoken(self.usual_ms / 1000)} (the middle of {self.earlier} that succeeded)"
        )


@dataclass(frozen=True)
class CauseFound(Event):
    """Why no task of this revision will start, from a stopped task (ECS DescribeTasks: stoppedReason)."""

    sentence: str

    def text(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class StageReached(Event):
    """ECS ServiceDeployment.lifecycleStage."""

    stage: str

    def text(self) -> str:
        return f"stage {self.stage}"


@dataclass(frozen=True)
class TrafficShifted(Event):
    """The share that the new revision was asked to get of `test` or `production` traffic (ECS
    requestedTestTrafficWeight, requestedProductionTrafficWeight).
    """

    traffic: str
    percent: float
    revision: str

    def text(self) -> str:
        return f"{self.traffic} traffic: {self.percent:g} % to {self.revision}"


@dataclass(frozen=True)
class HookChanged(Event):
    """ECS lifecycleHookDetails: AWAITING_ACTION is a hook that waits for `approve` or `reject`."""

    hook: str
    status: str
    sentence: str

    def text(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class BreakerCounted(Event):
    """ECS deploymentCircuitBreaker: failureCount of threshold."""

    failures: int
    threshold: int | None

    def text(self) -> str:
        return f"circuit breaker: {self.failures} of {self.threshold} failures"


@dataclass(frozen=True)
class TaskLine(Event):
    """A log line of a task that runs before or after the deployment (CloudWatch Logs)."""

    task: str
    container: str
    line: str

    def text(self) -> str:
        return f"{self.task} | {self.line}"


@dataclass(frozen=True)
class ServiceEvent(Event):
    """One of ECS's own service events, word by word."""

    message: str

    def text(self) -> str:
        return self.message


@dataclass(frozen=True)
class Ended(Event):
    """The last event: the verdict. Its document has the members of `-o json`."""

    outcome: Outcome

    def text(self) -> str:
        return f"{self.outcome.verdict.value}: {self.outcome.sentence}"

    def as_document(self) -> dict[str, Any]:
        return {"event": self.event_name(), "service": self.service, **self.outcome.as_document()}


@dataclass(frozen=True)
class ReleaseEnded(Event):
    """The last event of a release of several services, each of which has ended before."""

    outcome: ReleaseOutcome

    def text(self) -> str:
        return f"{self.outcome.verdict.value}: the release, {self.outcome.sentence}"

    def as_document(self) -> dict[str, Any]:
        return {"event": self.event_name(), "service": self.service, **self.outcome.as_document()}


@dataclass(frozen=True)
class Failed(Event):
    """The last event of `-o jsonl` where there is no verdict: what the library raises as a DeployError."""

    sentence: str
    exit_code: int
    details: tuple[str, ...] = ()

    def text(self) -> str:
        return self.sentence


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def plain(value: Any) -> Any:
    return [plain(item) for item in value] if isinstance(value, tuple) else value
