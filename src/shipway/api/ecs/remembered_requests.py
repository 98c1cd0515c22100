"""RunTask's client tokens: a request that is sent again, its answer lost, starts nothing twice."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.request_digest import request_digest
from shipway.api.errors import ApiError
from shipway.model.run_task_request import RunTaskRequest
from shipway.model.task import Task
from shipway.store import Reads, Transaction

KEPT_MAX = 2000
"""Tokens are forgotten, oldest first and half of them at once, when there are more than this."""


def answered_before(state: Reads, cluster_arn: str, request: Any) -> list[Task] | None:
    """The tasks of the same request, as they are now; None when it is new, or when all of them are
    forgotten.
    """
    if not request.client_token:
        return None
    earlier = state.get(RunTaskRequest, f"{cluster_arn} {request.client_token}")
    if earlier is None:
        return None
    if earlier.digest != request_digest(request):
        raise ApiError(
            "ConflictException",
            "The client token was used before, with other parameters.",
            extra={"resourceIds": list(earlier.task_arns)},
        )
    return [task for arn in earlier.task_arns if (task := state.get(Task, arn)) is not None] or None


def remember(tx: Transaction, cluster_arn: str, request: Any, task_arns: list[str], now_ms: int) -> None:
    """A request that started nothing is not remembered: it may be tried again under the same token."""
    if not request.client_token or not task_arns:
        return
    tx.put(
        RunTaskRequest(
            cluster_arn=cluster_arn,
            client_token=request.client_token,
            digest=request_digest(request),
            task_arns=tuple(task_arns),
            created_at=now_ms,
        )
    )
    if len(tx.table(RunTaskRequest).rows) > KEPT_MAX:
        for old in sorted(tx.all(RunTaskRequest), key=lambda kept: kept.created_at)[: KEPT_MAX // 2]:
            tx.delete(RunTaskRequest, old.key)
