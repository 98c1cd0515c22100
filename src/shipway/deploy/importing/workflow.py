"""A GitHub workflow that uses the aws-actions -> the files that those steps worked with."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from shipway.deploy.application.document import parse
from shipway.deploy.application.ecs_members import READ_ONLY
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.files import literal
from shipway.deploy.importing.imported import Imported
from shipway.deploy.importing.source import UNKNOWN, Account, Source, listed, mapping
from shipway.deploy.importing.workflow_images import images_of
from shipway.deploy.importing.workflow_render import rendered
from shipway.deploy.importing.workflow_suggestion import FILE, suggestion
from shipway.deploy.importing.workflow_values import Scope

Members = dict[str, Any]

DEPLOY = "aws-actions/amazon-ecs-deploy-task-definition"
RENDER = "aws-actions/amazon-ecs-render-task-definition"
CREDENTIALS = "aws-actions/configure-aws-credentials"
OUTPUT = re.compile(r"\$\{\{\s*steps\.(?P<id>[\w-]+)\.outputs\.task-definition\s*\}\}")

CARRIED = {
    "amazon-ecs-deploy-task-definition": "the task definition, `cluster`, `serviceName`, `desiredCount`",
    "amazon-ecs-render-task-definition": "what it puts into it: variables, secrets, labels, roles...",
    "`docker build`, docker/build-push-action": "`images`: context, file, target, args, repository",
    "codedeploy-application, -deployment-group, -deployment-config": "`code_deploy`",
    "amazon-ecr-login": "nothing: Shipway logs in to ECR by itself",
    "configure-aws-credentials": "`region` in shipway.yml; the step itself in the suggested workflow",
    "`${{ env.NAME }}`": "its value, or `${NAME}`; so with `vars` and `secrets`",
    "`${{ github.sha }}` and others": "`${GITHUB_SHA}`, which GitHub sets",
    "the workflow": "`shipway-workflow.yml`: the same deployment in one step, to be moved into place",
}
LEFT = {
    "wait-for-service-stability": "Shipway waits for the deployment's own end unless told `--no-wait`.",
    "wait-for-minutes": "`shipway deploy --timeout 30m`.",
    "wait-max-delay-seconds": "Shipway looks once a second.",
    "force-new-deployment": "`shipway restart`, or `shipway deploy --force`.",
    "codedeploy-appspec": "Shipway makes it from the files; its hooks go under `code_deploy.hooks`.",
    "codedeploy-deployment-description": "`shipway deploy --reason` is what the lock says.",
    "run-task*": "write it under `tasks`, and its name under `before_deploy`.",
    "service-managed-ebs-volume*": "write it into `volumeConfigurations` of the service.",
    "keep-null-value-keys": "nothing is stripped that stands in the file.",
    "max-retries": "throttled calls are repeated anyway.",
}
NOT_CARRIED = {
    **{f"`{key}`": why for key, why in LEFT.items()},
    "other steps and jobs": "tests, notifications and the like stay in your workflow.",
    "a second deploy step": "one service an import: import a copy of the workflow without the first.",
    "a task definition that a step fetches from ECS": "refused; import the running service instead.",
    "the service itself": "a workflow does not describe it: what the file leaves out stays as it is.",
}
CODE_DEPLOY = {
    "codedeploy-application": "application",
    "codedeploy-deployment-group": "deployment_group",
    "codedeploy-deployment-config": "config",
}
USED = (
    *CODE_DEPLOY,
    "task-definition",
    "service",
    "cluster",
    "desired-count",
    "propagate-tags",
    "enable-ecs-managed-tags",
)


def import_workflow(source: Source) -> Imported:
    account = Account()
    content_of = mapping(source.value.get("jobs"), f"{source.name}: jobs")
    found = [
        (name, step)
        for name, content in content_of.items()
        for step in listed(mapping(content, f"{source.name}: {name}").get("steps"))
        if _uses(step, DEPLOY)
    ]
    if not found:
        raise DeployError(f"{source.name} has no step that uses {DEPLOY}, so there is nothing to import.")
    where, deploy = found[0]
    for other, step in found[1:]:
        account.leave(f"{other}: {_title(step)}", NOT_CARRIED["a second deploy step"])
    steps = listed(content_of[where].get("steps"))
    around = {
        **mapping(source.value.get("env"), f"{source.name}: env"),
        **mapping(content_of[where].get("env"), f"{source.name}: {where}.env"),
    }
    scope = Scope(account, around)
    given = mapping(deploy.get("with"), f"{source.name}: {DEPLOY}")
    _say_left(given, account)
    definition, renders = _definition(source, str(given["task-definition"]), steps, scope)
    images = images_of(
        source,
        [step for content in content_of.values() for step in listed(content.get("steps"))],
        renders,
        scope,
    )
    for render in renders:
        rendered(definition, mapping(render.get("with"), RENDER), images, scope)
    cluster = scope.text(given.get("cluster", "default"))
    name = scope.text(given["service"]) if given.get("service") else str(definition.get("family"))
    region = next(
        (scope.text(step["with"].get("aws-region")) for step in steps if _uses(step, CREDENTIALS)), None
    )
    code_deploy = {key: scope.text(given[name]) for name, key in CODE_DEPLOY.items() if given.get(name)}
    keys: Members = {
        "name": name,
        "cluster": cluster,
        "region": region,
        "images": images,
        "code_deploy": code_deploy,
    }
    return Imported(
        source=source.name,
        keys={key: item for key, item in keys.items() if item},
        task_definition=definition,
        service=_service(given, name, scope) if given.get("service") else None,
        not_carried=tuple(account.left),
        notes=(
            f"{FILE} is a suggestion: the same deployment in one step, to be moved to .github/workflows.",
        ),
        more={FILE: suggestion(source.value, where, steps)},
    )


def _service(given: Members, name: str, scope: Scope) -> Members:
    service: Members = {"serviceName": name}
    for key, member in (
        ("desired-count", "desiredCount"),
        ("propagate-tags", "propagateTags"),
        ("enable-ecs-managed-tags", "enableECSManagedTags"),
    ):
        if given.get(key) is not None:
            service[member] = scope.text(given[key])
    return service


def _definition(
    source: Source, written: str, steps: list[Members], scope: Scope
) -> tuple[Members, list[Members]]:
    """The file at the beginning of the chain, and the steps that render into it, in their order."""
    renders: list[Members] = []
    while (match := OUTPUT.fullmatch(written.strip())) is not None:
        step = next((step for step in steps if step.get("id") == match["id"]), None)
        if step is None or not _uses(step, RENDER) or step in renders:
            raise DeployError(
                f"{source.name}: the task definition is of step {match['id']!r}, which does not render one."
            )
        renders.insert(0, step)
        inputs = mapping(step.get("with"), RENDER)
        if not inputs.get("task-definition"):
            raise DeployError(
                _from_the_service(source, f"the step {match['id']!r} takes its task definition from ECS")
            )
        written = str(inputs["task-definition"])
    path = scope.text(written)
    text = source.beside(posixpath.join("../..", path))
    if text is None:
        raise DeployError(_from_the_service(source, f"the task definition {path} is not in the repository"))
    members = mapping(parse(path, text).value, path)
    members = members.get("taskDefinition", members)
    # The actions strip what is empty, and a dollar sign has no meaning in their files.
    kept = {key: item for key, item in members.items() if key not in READ_ONLY["RegisterTaskDefinition"]}
    return literal(kept), renders


def _from_the_service(source: Source, what: str) -> str:
    return f"{source.name}: {what}. Import the running service instead: shipway init --from CLUSTER/SERVICE."


def _say_left(given: Members, account: Account) -> None:
    for key in given:
        if key not in USED:
            known = next(
                (name for name in LEFT if key == name or (name[-1] == "*" and key.startswith(name[:-1]))),
                None,
            )
            account.leave(key, LEFT[known] if known else UNKNOWN)


def _uses(step: Any, action: str) -> bool:
    return isinstance(step, dict) and str(step.get("uses", "")).partition("@")[0] == action


def _title(step: Members) -> str:
    return str(step.get("name") or step.get("id") or step.get("uses"))
