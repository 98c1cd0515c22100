"""A plan kept in a file, and a deployment bound to it: what moved since is named, and nothing is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.plan import plan_application
from shipway.deploy.planning.plan_basis import moved
from shipway.deploy.planning.service_plan import ServicePlan

VERSION = 1


def keep_plan(file: Path, plan: ServicePlan, options: DeployOptions) -> None:
    document = {
        "version": VERSION,
        "options": {"tag": options.tag, "images": dict(options.images), "force": options.force},
        "basis": plan.basis,
        "plan": plan.as_document(),
    }
    try:
        file.write_text(json.dumps(document, indent=2, default=str) + "\n", encoding="utf-8")
    except OSError as error:
        raise DeployError(f"The plan cannot be written to {file}: {error.strerror}.") from None


def read_plan(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        known = document["version"] == VERSION and all(key in document for key in ("options", "basis"))
    except OSError as error:
        raise DeployError(f"The plan {file} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise DeployError(f"{file} is no plan of this Shipway. Write one with `shipway plan --out {file}`.")
    found: dict[str, Any] = document
    return found


def options_of(document: dict[str, Any]) -> dict[str, Any]:
    """The choices that the plan was made with; a deployment of it makes the same."""
    kept = document["options"]
    return {"tag": kept["tag"], "images": dict(kept["images"]), "force": bool(kept["force"])}


def refuse_if_moved(
    document: dict[str, Any], application: Application, aws: Aws, options: DeployOptions
) -> None:
    """Look again as the plan did. Whatever is another than it was ends the deployment before it begins."""
    now = plan_application(application, aws, options).basis
    phrases = moved(document["basis"], now)
    if phrases:
        raise DeployError(
            f"The plan no longer holds, so nothing was done: {'; '.join(phrases)}. "
            "Look at a new plan and deploy that."
        )
