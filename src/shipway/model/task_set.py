"""Task sets: the parts of a service whose deployments are driven from outside (CODE_DEPLOY, EXTERNAL)."""

from __future__ import annotations

import math
from typing import ClassVar

from shipway.model.arn import short_name
from shipway.model.record import Document, Record


class TaskSet(Record, frozen=True, kw_only=True):
    """A share of the service's desired count, all of one revision, whose number is the task set's too."""

    key_member: ClassVar[str] = "task_set_arn"
    indexes: ClassVar[tuple[str, ...]] = ("service_arn",)

    task_set_arn: str
    service_arn: str
    cluster_arn: str
    service_revision_arn: str  # what its tasks are made of
    status: str = "ACTIVE"  # PRIMARY: serves production traffic; DRAINING: its tasks are being stopped
    scale_percent: float = 0.0
    created_at: int = 0
    updated_at: int = 0
    started_by: str | None = None
    external_id: str | None = None
    client_token: str | None = None
    request_digest: str = ""
    stability_status: str = "STABILIZING"
    stability_status_at: int = 0
    tags: tuple[Document, ...] = ()

    @property
    def task_set_id(self) -> str:
        return f"ecs-svc/{short_name(self.task_set_arn)}"

    def computed_desired_count(self, desired_count: int) -> int:
        """Rounded up; the rounding before is for what binary fractions add to a percentage."""
        if self.status == "DRAINING":
            return 0
        return math.ceil(round(desired_count * self.scale_percent / 100, 9))
