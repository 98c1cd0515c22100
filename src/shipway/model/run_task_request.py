"""RunTask requests that bore a client token: the same again is answered with the same tasks."""

from __future__ import annotations

from shipway.model.record import Record


class RunTaskRequest(Record, frozen=True, kw_only=True):
    cluster_arn: str
    client_token: str
    digest: str  # of all other members
    task_arns: tuple[str, ...]
    created_at: int

    @property
    def key(self) -> str:
        return f"{self.cluster_arn} {self.client_token}"
