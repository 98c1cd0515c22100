"""Actions of deployments by AWS CodeDeploy."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.arn import short_name


class EnterCodeDeployStage(Action, frozen=True, kw_only=True):
    deployment_id: str
    stage: str
    step: int = 0

    def text(self) -> str:
        return f"stage {self.stage}{f' {self.step}' if self.step else ''}"


class EndCodeDeployment(Action, frozen=True, kw_only=True):
    """Succeeded, or Failed with CodeDeploy's code and a sentence."""

    deployment_id: str
    status: str
    error_code: str | None = None
    error_message: str | None = None

    def text(self) -> str:
        return f"end {self.deployment_id} ({self.status})"


class SwitchPrimary(Action, frozen=True, kw_only=True):
    """Another task set serves production traffic from now on; the one before is ACTIVE."""

    task_set_arn: str

    def text(self) -> str:
        return f"primary task set {short_name(self.task_set_arn)}"


class DrainTaskSet(Action, frozen=True, kw_only=True):
    """The task set is deleted: its tasks stop, then it goes."""

    task_set_arn: str

    def text(self) -> str:
        return f"drain task set {short_name(self.task_set_arn)}"
