"""Every call to AWS CodeDeploy that the deploy half makes."""

from __future__ import annotations

import hashlib
from typing import Any

from shipway.deploy.edge.calls import Calls

Members = dict[str, Any]


class CodeDeploy:
    """Deployments of one account and region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def create_deployment(self, application: str, group: str, config: str | None, specification: str) -> str:
        digest = hashlib.sha256(specification.encode()).hexdigest()
        content = {"content": specification, "sha256": digest}
        request: Members = {
            "applicationName": application,
            "deploymentGroupName": group,
            "revision": {"revisionType": "AppSpecContent", "appSpecContent": content},
            "description": "by shipway deploy",
        }
        if config is not None:
            request["deploymentConfigName"] = config
        return str(self._calls.call("CreateDeployment", request)["deploymentId"])

    def deployment(self, deployment_id: str) -> Members:
        answer = self._calls.call("GetDeployment", {"deploymentId": deployment_id})
        found: Members = answer.get("deploymentInfo") or {}
        return found

    def stop(self, deployment_id: str) -> None:
        """And go back, as far as traffic has moved."""
        self._calls.call("StopDeployment", {"deploymentId": deployment_id, "autoRollbackEnabled": True})
