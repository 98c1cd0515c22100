"""Actions on managed daemons, their deployments and their instances."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.arn import short_name


class HoldInstance(Action, frozen=True, kw_only=True):
    """The daemon takes the instance out of service: an ACTIVE one becomes DRAINING."""

    container_instance_arn: str
    daemon_arn: str

    def text(self) -> str:
        return f"hold {short_name(self.container_instance_arn)}"


class ReleaseInstance(Action, frozen=True, kw_only=True):
    """The daemon gives it back. When no other holds it, it is ACTIVE."""

    container_instance_arn: str
    daemon_arn: str

    def text(self) -> str:
        return f"release {short_name(self.container_instance_arn)}"


class BeginDaemonDeployment(Action, frozen=True, kw_only=True):
    """From PENDING to IN_PROGRESS. Alarms that are in ALARM already will be ignored."""

    daemon_deployment_arn: str
    alarms_status: str = "DISABLED"
    alarms_ignored: tuple[str, ...] = ()

    def text(self) -> str:
        return f"begin {short_name(self.daemon_deployment_arn)}"


class CountDaemonFailures(Action, frozen=True, kw_only=True):
    """The circuit breaker's view, for who describes the deployment."""

    daemon_deployment_arn: str
    failure_count: int

    def text(self) -> str:
        return f"failures {self.failure_count}"


class EndDaemonDeployment(Action, frozen=True, kw_only=True):
    """SUCCESSFUL, STOPPED, ROLLBACK_SUCCESSFUL or ROLLBACK_FAILED; `rolled_out` runs everywhere now."""

    daemon_deployment_arn: str
    status: str
    status_reason: str | None = None
    rolled_out: str | None = None
    triggered: bool = False  # by the circuit breaker or an alarm

    def text(self) -> str:
        return f"end {short_name(self.daemon_deployment_arn)} ({self.status})"


class RollBackDaemon(Action, frozen=True, kw_only=True):
    """The daemon goes back to an earlier revision, within the same deployment."""

    daemon_arn: str
    daemon_deployment_arn: str
    to_revision_arn: str
    rollback_reason: str
    alarms_triggered: tuple[str, ...] = ()  # none when it is the circuit breaker's doing

    def text(self) -> str:
        return f"roll back to {short_name(self.to_revision_arn)}"


class RemoveDaemon(Action, frozen=True, kw_only=True):
    """A deleted daemon that has no task left is forgotten, with its revisions."""

    daemon_arn: str

    def text(self) -> str:
        return f"forget daemon {short_name(self.daemon_arn)}"
