"""An ecspresso configuration -> the same ECS JSON, its template functions turned into variables."""

from __future__ import annotations

import re
from typing import Any

from shipway.deploy.application.document import parse
from shipway.deploy.application.ecs_members import READ_ONLY
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.ecspresso_templates import translated
from shipway.deploy.importing.imported import Imported
from shipway.deploy.importing.source import Account, Source, listed, mapping

Members = dict[str, Any]

CARRIED = {
    "`region`, `cluster`, `service`": "`region`, `cluster`, `serviceName`",
    "`task_definition`": "`ecs-task-def.json`, with or without the `taskDefinition` around it",
    "`service_definition`": "`ecs-service-def.json`, likewise",
    "`codedeploy`, hooks of `appspec`": "`code_deploy`",
    "`{{ must_env }}`": "`${NAME}`",
    "`{{ env }}` with its default": "`${NAME:-default}`",
}
LEFT = {
    "timeout": "say it when you deploy: `shipway deploy --timeout 10m`.",
    "plugins": "their template functions become variables, each listed.",
    "required_version": "it is about ecspresso.",
    "filter_command": "Shipway asks nothing that would need it.",
    "ignore": "write what is ignored under `ownership`, as `ignore`.",
}
NOT_CARRIED = {
    **{f"`{key}`": why for key, why in LEFT.items()},
    "`{{ tfstate }}`, `{{ ssm }}`...": "a variable with its own name: set it or write it in.",
    "`json_escape`": "not needed: variables are replaced after the JSON is read.",
    "`{{ if }}`, `{{ range }}`": "templates that make structure: refused where the result is no JSON.",
    "Jsonnet": "refused; import what `ecspresso render` writes.",
}
USED = ("codedeploy", "appspec", "region", "cluster", "service", "task_definition", "service_definition")


def import_ecspresso(source: Source) -> Imported:
    account = Account(left=list(source.left))
    value = source.value
    account.rest("", value, USED, LEFT)
    definition = _definition(source, str(value["task_definition"]), "RegisterTaskDefinition", account)
    service: Members | None = None
    if value.get("service_definition"):
        service = _definition(source, str(value["service_definition"]), "CreateService", account)
        service = {"serviceName": str(value.get("service") or definition["family"]), **service}
        for key in ("cluster", "taskDefinition"):
            service.pop(key, None)
        if service.get("desiredCount") is None:
            service.pop("desiredCount", None)
    elif value.get("service"):
        service = {"serviceName": str(value["service"])}
    name = str(value.get("service") or definition.get("family") or source.folder_name)
    keys: Members = {"name": name, "cluster": value.get("cluster", "default"), "region": value.get("region")}
    keys["code_deploy"] = _code_deploy(value)
    return Imported(
        source=source.name,
        keys={key: item for key, item in keys.items() if item},
        task_definition=definition,
        service=service,
        not_carried=tuple(account.left),
        notes=tuple(account.notes),
        hints=tuple(_hints(definition)),
    )


def _code_deploy(value: Members) -> Members:
    place, hooks = mapping(value.get("codedeploy"), "codedeploy"), mapping(value.get("appspec"), "appspec")
    found: Members = {
        "application": place.get("application_name"),
        "deployment_group": place.get("deployment_group_name"),
        "hooks": {name: function for hook in listed(hooks.get("Hooks")) for name, function in hook.items()},
    }
    return {key: item for key, item in found.items() if item}


def is_ecspresso(text: str) -> bool:
    """Told by the text: its templates need not be YAML before they are rendered."""
    return re.search(r"^[\"']?task_definition[\"']?\s*:", text, re.MULTILINE) is not None


def _definition(source: Source, file: str, operation: str, account: Account) -> Members:
    if file.endswith(".jsonnet"):
        raise DeployError(
            f"{source.name} names {file}, which is Jsonnet. Have ecspresso render it "
            "(`ecspresso render taskdef > ecs-task-def.json`), name that file, and import again."
        )
    text = translated(source.text_of(file), account)
    try:
        value = parse(file, text).value
    except DeployError as error:
        raise DeployError(f"{error.sentence} Import what `ecspresso render` writes instead.") from None
    wrapped = {"RegisterTaskDefinition": "taskDefinition", "CreateService": "service"}[operation]
    members = mapping(value, file)
    if isinstance(members.get(wrapped), dict):
        members = members[wrapped]
    return {key: item for key, item in members.items() if key not in READ_ONLY[operation]}


def _hints(definition: Members) -> list[str]:
    containers = definition.get("containerDefinitions") or []
    if not containers:
        return []
    return [
        "To have an image built, pushed and pinned by digest, name its container here:\n"
        f"images:\n  {containers[0].get('name')}: .\n"
    ]
