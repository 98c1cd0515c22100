"""Actions on deployments: the rollout of a service revision, and the service deployment it belongs to."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.service_revision import ServiceRevision


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
    alarms_status: str = "DISABLED"
    alarms_ignored: tuple[str, ...] = ()

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
    circuit_breaker_triggered: bool = False
    alarms_triggered: tuple[str, ...] = ()
    rollback_reason: str | None = None  # of a rollback that was wanted and could not begin

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
