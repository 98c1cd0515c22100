"""AWS CodeDeploy, as far as it deploys to ECS: moto keeps applications, groups and deployments, and here they
are carried out.

A deployment that moto has accepted becomes a record of ours, with the task set that is to replace the PRIMARY
one; the scheduler does the rest, and its progress is written back to what moto shows. What cannot be deployed
has failed from the start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from shipway.api.app_spec import UndeployableError, deployment_of
from shipway.api.call import Call, Settings
from shipway.api.errors import ApiError
from shipway.model.code_deploy import CodeDeployment
from shipway.store import Change


class CodeDeploy:
    """moto's deployments in the installation's region. Asking does not load moto."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def begin_new(self, call: Call) -> None:
        """What moto has accepted and nobody has looked at yet."""
        for deployment in self._deployments():
            if deployment.status != "Created" or deployment.application.compute_platform != "ECS":
                continue
            deployment.status = "InProgress"
            try:
                self._begin(call, deployment)
            except (UndeployableError, ApiError) as error:
                fail(deployment, "INVALID_REVISION", str(error), call.clock.now_ms())

    def _begin(self, call: Call, deployment: Any) -> None:
        others = [found for found in call.store.state.all(CodeDeployment) if found.in_progress]
        revision, task_set, record = deployment_of(call, deployment)
        if any(other.service_arn == record.service_arn for other in others):
            raise UndeployableError("The service has a deployment in progress already.")
        deployment.start_time = moment(record.created_at)
        deployment.external_id = ""
        with call.store.transaction() as tx:
            tx.put(replace(revision, rollout_state="COMPLETED"))
            tx.put(task_set)
            tx.put(record)

    def show(self, changes: tuple[Change, ...]) -> None:
        """The progress of ours, written where moto's answers come from."""
        ended = [c.after for c in changes if isinstance(c.after, CodeDeployment) and not c.after.in_progress]
        for record in ended:
            shown = [found for found in self._deployments() if found.deployment_id == record.deployment_id]
            if not shown:
                continue  # made before a restart: moto has forgotten it
            (deployment,) = shown
            if record.status == "Failed":
                fail(
                    deployment,
                    record.error_code or "",
                    record.error_message or "",
                    record.completed_at or 0,
                )
            else:
                deployment.status = record.status
                deployment.complete_time = moment(record.completed_at or 0)

    def _deployments(self) -> Iterator[Any]:
        if "moto.codedeploy.models" not in sys.modules:
            return
        from moto.codedeploy.models import codedeploy_backends

        deployments = codedeploy_backends[self._settings.account_id][self._settings.region].deployments
        yield from list(deployments.values())


def fail(deployment: Any, code: str, message: str, now_ms: int) -> None:
    """moto shows no error of a deployment but these messages."""
    deployment.status = "Failed"
    deployment.complete_time = moment(now_ms)
    deployment.deployment_status_messages = [f"{code}: {message}"]
    deployment.additional_deployment_status_info = message


def moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).replace(tzinfo=None)
