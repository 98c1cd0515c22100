"""A workflow that deploys with Shipway where the other one used the aws-actions."""

from __future__ import annotations

from typing import Any

import yaml

from shipway.deploy.importing.source import mapping

Members = dict[str, Any]

FILE = "shipway-workflow.yml"
KEPT = ("actions/checkout", "aws-actions/configure-aws-credentials", "docker/setup-buildx-action")


def suggestion(workflow: Members, where: str, steps: list[Members]) -> str:
    """The steps that check out and give credentials stay as they are; the rest is `shipway deploy`."""
    old = mapping(mapping(workflow.get("jobs"), "jobs")[where], where)
    kept = [step for step in steps if str(step.get("uses", "")).partition("@")[0] in KEPT]
    new: Members = {
        key: old[key]
        for key in ("name", "runs-on", "needs", "if", "environment", "permissions", "env")
        if key in old
    }
    new["steps"] = [
        *kept,
        {"name": "Install Shipway", "run": "pip install shipway"},
        {"name": "Deploy", "run": "shipway deploy"},
    ]
    document: Members = {
        key: workflow[key] for key in ("name", "on", "permissions", "env", "concurrency") if key in workflow
    }
    document["jobs"] = {where: new}
    return yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)
