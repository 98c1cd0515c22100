"""A deployment by AWS CodeDeploy: the task set that serves, the one that replaces it, and the way between."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.record import Record

INSTALL = "Install"  # the replacement starts beside the original
SHIFT = "AllowTraffic"  # in one step or in several
WAIT = "TerminationWait"  # all traffic is the replacement's, and the original still there
TERMINATE = "Terminate"


class CodeDeployment(Record, frozen=True, kw_only=True):
    """The first members come from the deployment group and stand to the end."""

    key_member: ClassVar[str] = "deployment_id"
    indexes: ClassVar[tuple[str, ...]] = ("service_arn",)

    deployment_id: str
    service_arn: str
    original_arn: str  # task sets
    replacement_arn: str
    original_group_arn: str  # target groups
    replacement_group_arn: str
    listener_arns: tuple[str, ...]
    test_listener_arns: tuple[str, ...] = ()
    steps: tuple[float, ...] = (100.0,)  # the replacement's share in percent after each step
    step_wait_ms: int = 0
    terminate: bool = True
    termination_wait_ms: int = 0
    created_at: int = 0

    status: str = "InProgress"
    stage: str = INSTALL
    step: int = 0  # of the shift, from 1
    stage_started_at: int = 0
    completed_at: int | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def in_progress(self) -> bool:
        return self.status == "InProgress"
