"""The actions of a plan: one kind, one effect on the store. Each carries its reason, one sentence for an
operator.

Whatever an action needs (ids, instance, address, moment) is in it: `store.commit` makes no choices.
`version` is the version of the task that the decision was made on; a task that has changed since refuses the
action, and the loop looks again.
"""

from __future__ import annotations

import msgspec

from shipway.model.arn import resource_path
from shipway.model.service_revision import ServiceRevision
from shipway.model.target import Target
from shipway.model.task import NetworkInterface, Task


class Action(msgspec.Struct, frozen=True, kw_only=True):
    reason: str

    def text(self) -> str:
        """One line of the plan's text; the reason follows."""
        raise NotImplementedError


class StartTask(Action, frozen=True, kw_only=True):
    """A task is born, on its container instance or still without one."""

    task: Task

    def text(self) -> str:
        where = (self.task.container_instance_arn or "unplaced").rsplit("/", 1)[-1]
        return f"start {self.task.task_id} of {self.task.task_definition_arn.rsplit('/', 1)[-1]} on {where}"


class PlaceTask(Action, frozen=True, kw_only=True):
    """A task that waited for capacity gets its container instance."""

    task_arn: str
    version: int
    container_instance_arn: str
    availability_zone: str
    interface: NetworkInterface | None = None

    def text(self) -> str:
        return f"place {self.task_arn.rsplit('/', 1)[-1]} on {self.container_instance_arn.rsplit('/', 1)[-1]}"


class StopTask(Action, frozen=True, kw_only=True):
    """desired_status becomes STOPPED: DEACTIVATING while it has targets to drain, else STOPPING."""

    task_arn: str
    version: int
    stop_code: str
    stopped_reason: str

    def text(self) -> str:
        return f"stop {self.task_arn.rsplit('/', 1)[-1]} ({self.stop_code}: {self.stopped_reason})"


class EndTask(Action, frozen=True, kw_only=True):
    """STOPPED at once, for its containers are known to be gone: no agent will report their end."""

    task_arn: str
    version: int
    stop_code: str
    stopped_reason: str

    def text(self) -> str:
        return f"end {self.task_arn.rsplit('/', 1)[-1]} ({self.stop_code}: {self.stopped_reason})"


class SignalTask(Action, frozen=True, kw_only=True):
    """Its targets are drained: the agent is told to stop it (DEACTIVATING -> STOPPING)."""

    task_arn: str
    version: int

    def text(self) -> str:
        return f"signal {self.task_arn.rsplit('/', 1)[-1]}"


class MarkHealthy(Action, frozen=True, kw_only=True):
    """The task's `healthy_at`: since when all its checks say healthy; None when they no longer do."""

    task_arn: str
    version: int
    healthy_at: int | None

    def text(self) -> str:
        state = "healthy" if self.healthy_at is not None else "not healthy"
        return f"{state} {self.task_arn.rsplit('/', 1)[-1]}"


class SetDesiredCount(Action, frozen=True, kw_only=True):
    """The desired count of one deployment (of one revision) of the service."""

    service_revision_arn: str
    desired_count: int

    def text(self) -> str:
        return f"deployment {self.service_revision_arn.rsplit('/', 1)[-1]} desired {self.desired_count}"


class ResetFailures(Action, frozen=True, kw_only=True):
    """A task became healthy, or the service was changed: earlier failures no longer count."""

    service_revision_arn: str
    failures_since: int | None = None
    start_failures_since: int | None = None

    def text(self) -> str:
        return f"deployment {self.service_revision_arn.rsplit('/', 1)[-1]} forget failures"


class BeginDeployment(Action, frozen=True, kw_only=True):
    """The service deployment goes from PENDING to IN_PROGRESS."""

    service_deployment_arn: str
    circuit_breaker_status: str

    def text(self) -> str:
        return f"begin {self.service_deployment_arn.rsplit('/', 1)[-1]}"


class CompleteDeployment(Action, frozen=True, kw_only=True):
    """The rollout is over and good: COMPLETED; its service deployment SUCCESSFUL, or ROLLBACK_SUCCESSFUL."""

    service_arn: str
    service_revision_arn: str
    service_deployment_arn: str | None
    status: str

    def text(self) -> str:
        return f"complete {self.service_revision_arn.rsplit('/', 1)[-1]} ({self.status})"


class FailDeployment(Action, frozen=True, kw_only=True):
    """The rollout failed: FAILED, no more tasks are started for this revision."""

    service_arn: str
    service_revision_arn: str
    service_deployment_arn: str | None
    rollout_state_reason: str
    status: str  # of the service deployment: STOPPED, ROLLBACK_IN_PROGRESS, ROLLBACK_FAILED
    status_reason: str
    failure_count: int = 0

    def text(self) -> str:
        return f"fail {self.service_revision_arn.rsplit('/', 1)[-1]} ({self.status})"


class RollBack(Action, frozen=True, kw_only=True):
    """An earlier revision becomes PRIMARY again, IN_PROGRESS, within the same service deployment."""

    service_arn: str
    to_revision: ServiceRevision  # as it shall be stored
    service_deployment_arn: str | None
    rollback_reason: str

    def text(self) -> str:
        return f"roll back to {self.to_revision.service_revision_arn.rsplit('/', 1)[-1]}"


class StopDeployment(Action, frozen=True, kw_only=True):
    """A service deployment that was superseded or stopped ends: STOPPED, or what StopServiceDeployment asked
    for.
    """

    service_deployment_arn: str
    status: str
    status_reason: str

    def text(self) -> str:
        return f"end {self.service_deployment_arn.rsplit('/', 1)[-1]} ({self.status})"


class CountFailures(Action, frozen=True, kw_only=True):
    """The circuit breaker's view, kept on the service deployment for who describes it."""

    service_deployment_arn: str
    failure_count: int

    def text(self) -> str:
        return f"failures {self.failure_count}"


class EmitEvent(Action, frozen=True, kw_only=True):
    """A sentence in the service's events. With `cause`, it is told once while the cause stands."""

    service_arn: str
    event_id: str
    message: str
    cause: str | None = None

    def text(self) -> str:
        return f"event {self.message}"


class ClearCause(Action, frozen=True, kw_only=True):
    """A cause that was told is over: should it come back, it is told again."""

    service_arn: str
    cause: str

    def text(self) -> str:
        return f"over: {self.cause}"


class SetSteady(Action, frozen=True, kw_only=True):
    """The service enters its steady state, or leaves it."""

    service_arn: str
    steady: bool

    def text(self) -> str:
        return "steady" if self.steady else "not steady"


class CloseService(Action, frozen=True, kw_only=True):
    """A DRAINING service whose tasks are gone becomes INACTIVE."""

    service_arn: str

    def text(self) -> str:
        return f"close {self.service_arn.rsplit('/', 1)[-1]}"


class RemoveTask(Action, frozen=True, kw_only=True):
    """A task that stopped long ago is forgotten."""

    task_arn: str

    def text(self) -> str:
        return f"forget {self.task_arn.rsplit('/', 1)[-1]}"


class RegisterTarget(Action, frozen=True, kw_only=True):
    """A task's container port becomes a target of its target group."""

    target: Target  # as it shall be stored

    def text(self) -> str:
        where = group_name(self.target.target_group_arn)
        return f"register {self.target.target_id}:{self.target.port} in {where}"


class DrainTarget(Action, frozen=True, kw_only=True):
    """The target gets no new requests; it goes when its deregistration delay is over."""

    target: Target  # as it shall be stored

    def text(self) -> str:
        return (
            f"drain {self.target.target_id}:{self.target.port} in {group_name(self.target.target_group_arn)}"
        )


class RemoveTarget(Action, frozen=True, kw_only=True):
    """The target's task has STOPPED: there is nothing left to drain."""

    target_key: str

    def text(self) -> str:
        target_group_arn, target_id, port = self.target_key.split("|")
        return f"remove {target_id}:{port} from {group_name(target_group_arn)}"


def group_name(target_group_arn: str) -> str:
    return resource_path(target_group_arn)[1]


class Plan(msgspec.Struct, frozen=True):
    """What one pass decided. `wake_at` is the next moment at which time alone changes the decision."""

    actions: tuple[Action, ...] = ()
    wake_at: int | None = None

    def text(self) -> str:
        """The plan as a person reads it, one line an action. Tests compare this text."""
        return "\n".join(f"{action.text()}: {action.reason}" for action in self.actions)
