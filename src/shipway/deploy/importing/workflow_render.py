"""What the render action puts into a task definition, put into it once and for all."""

from __future__ import annotations

import shlex
from typing import Any

from shipway.deploy.errors import DeployError
from shipway.deploy.importing.workflow_values import Scope, lines_of_pairs

Members = dict[str, Any]


def rendered(definition: Members, inputs: Members, images: Members, scope: Scope) -> None:
    """Changes the definition in place, container by container, as the action does."""
    for role, member in (("task-role-arn", "taskRoleArn"), ("execution-role-arn", "executionRoleArn")):
        if inputs.get(role):
            definition[member] = scope.text(inputs[role])
    for name in scope.text(inputs["container-name"]).split(","):
        container = _container(definition, name.strip())
        if container["name"] in images:
            container.pop("image", None)
        else:
            container["image"] = scope.text(inputs["image"])
        _into(container, inputs, scope)


def _container(definition: Members, name: str) -> Members:
    containers: list[Members] = definition.get("containerDefinitions") or []
    found = next((item for item in containers if item.get("name") == name), None)
    if found is None:
        raise DeployError(
            f"The workflow renders into the container {name!r}, which the task definition does not have."
        )
    return found


def _into(container: Members, inputs: Members, scope: Scope) -> None:
    for key, member, second in (
        ("environment-variables", "environment", "value"),
        ("secrets", "secrets", "valueFrom"),
    ):
        if inputs.get(key):
            given = lines_of_pairs(scope.text(inputs[key]))
            kept = [item for item in container.get(member) or () if item["name"] not in given]
            container[member] = kept + [{"name": name, second: value} for name, value in given.items()]
    if inputs.get("log-configuration-log-driver"):
        container["logConfiguration"] = {
            "logDriver": scope.text(inputs["log-configuration-log-driver"]),
            "options": lines_of_pairs(scope.text(inputs.get("log-configuration-options"))),
        }
    if inputs.get("docker-labels"):
        container["dockerLabels"] = {
            **(container.get("dockerLabels") or {}),
            **lines_of_pairs(scope.text(inputs["docker-labels"])),
        }
    if inputs.get("command"):
        container["command"] = shlex.split(scope.text(inputs["command"]))
    if inputs.get("env-files"):
        files = [line.strip() for line in scope.text(inputs["env-files"]).splitlines() if line.strip()]
        container["environmentFiles"] = [{"value": file, "type": "s3"} for file in files]
