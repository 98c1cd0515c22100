"""`shipway init --from ecspresso.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.reading import read_application
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.ecspresso_templates import translated
from shipway.deploy.importing.source import Account
from shipway.testing import LocalEcs

from .moved_in import ecs, imported, plan_of, run_service

__all__ = ["ecs"]

CONFIG = """\
region: us-east-1
cluster: {{ must_env `CLUSTER` }}
service: web
service_definition: ecs-service-def.json
task_definition: ecs-task-def.json
timeout: 5m
plugins:
  - name: tfstate
    config: {path: terraform.tfstate}
"""
TASK = """\
{
  "taskDefinition": {
    "family": "web",
    "revision": 7,
    "status": "ACTIVE",
    "containerDefinitions": [
      {
        "name": "web",
        "image": "shop/web:{{ must_env `TAG` }}",
        "memory": {{ env `MEMORY` `128` }},
        "environment": [
          {"name": "LEVEL", "value": "{{ env "LEVEL" "info" }}"},
          {"name": "PRICE", "value": "${not}"},
          {"name": "ROLE", "value": "{{ tfstate `aws_iam_role.web.arn` }}"}
        ]
      }
    ]
  }
}
"""
SERVICE = """\
{
  "desiredCount": null,
  "launchType": "EC2",
  "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 200},
  "serviceName": "web"
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("ecspresso.yml", CONFIG),
        ("ecs-task-def.json", TASK),
        ("ecs-service-def.json", SERVICE),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_plan_finds_nothing_to_change(ecs: LocalEcs, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the service that ecspresso deployed with the same environment."""
    environment = [
        {"name": "LEVEL", "value": "info"},
        {"name": "PRICE", "value": "${not}"},
        {"name": "ROLE", "value": "arn:web"},
    ]
    container: dict[str, Any] = {
        "name": "web",
        "image": "shop/web:3",
        "memory": 128,
        "environment": environment,
    }
    percents = {"minimumHealthyPercent": 50, "maximumPercent": 200}
    run_service(
        ecs,
        "shop",
        {"family": "web", "containerDefinitions": [container]},
        {"serviceName": "web", "desiredCount": 1, "deploymentConfiguration": percents, "launchType": "EC2"},
    )
    imported(folder / "new", folder)
    for name, value in (("CLUSTER", "shop"), ("TAG", "3"), ("AWS_IAM_ROLE_WEB_ARN", "arn:web")):
        monkeypatch.setenv(name, value)
    assert plan_of(folder / "new") == "plan: web on shop: no changes: everything is as the file says."


def test_all_that_stays_behind_is_listed(folder: Path) -> None:
    """What ecspresso looked up is a variable that tells what it wants."""
    moved = imported(folder / "new", folder)
    assert [line.partition(": ")[0] for line in moved.not_carried] == [
        "timeout",
        "plugins",
        "{{ tfstate `aws_iam_role.web.arn` }}",
    ]
    with pytest.raises(DeployError, match="AWS_IAM_ROLE_WEB_ARN must be set: a value of Terraform's state"):
        read_application(folder / "new" / "shipway.yml", None, {"CLUSTER": "shop", "TAG": "3"})


def test_files_of_the_same_name_are_not_overwritten(folder: Path) -> None:
    """ecspresso's own files stay; the sentence says what is in the way."""
    with pytest.raises(DeployError, match=r"ecs-task-def\.json, ecs-service-def\.json already exists"):
        imported(folder, folder / "ecspresso.yml")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ env `A` `` }}", "${A:-}"),
        ("{{ must_env `A` | json_escape }}", "${A}"),
        ("x-{{ env `A` `b c` }}-y", "x-${A:-b c}-y"),
        ("{{- must_env `A` -}}", "${A}"),
        ("{{ ssm `/path/to/it` }}", "${PATH_TO_IT:?a value of the Parameter Store}"),
        (
            "{{ first_tfstate `aws_s3_bucket.main.arn` }}",
            "${AWS_S3_BUCKET_MAIN_ARN:?a value of Terraform's state}",
        ),
        ("$5 and ${A}", "$5 and $${A}"),
        ('{"n": {{ env `N` `1` }}, "s": "{{ env `S` `x` }}"}', '{"n": "${N:-1}", "s": "${S:-x}"}'),
    ],
)
def test_templates(template: str, expected: str) -> None:
    """Those of the environment are carried; what is looked up elsewhere gets a variable's name."""
    assert translated(template, Account()) == expected


def test_jsonnet_is_refused(folder: Path) -> None:
    """By name, with what renders it."""
    (folder / "ecspresso.yml").write_text("cluster: a\ntask_definition: task.jsonnet\n")
    with pytest.raises(DeployError, match=r"names task\.jsonnet, which is Jsonnet"):
        imported(folder / "new", folder)


def test_templates_that_make_structure_are_refused(folder: Path) -> None:
    """What is left of them is no JSON; ecspresso itself can write it out."""
    (folder / "ecs-task-def.json").write_text('{ {{ if eq (env `A` ``) "b" }} "family": "web" {{ end }} }')
    with pytest.raises(DeployError, match=r"this is not JSON.*Import what `ecspresso render` writes"):
        imported(folder / "new", folder)


def test_code_deploy_is_carried(folder: Path) -> None:
    """Application, group and hooks; the AppSpec itself is made at every deployment."""
    config = (folder / "ecspresso.yml").read_text()
    (folder / "ecspresso.yml").write_text(
        config
        + "codedeploy: {application_name: shop, deployment_group_name: web}\n"
        + "appspec: {Hooks: [{BeforeInstall: check}, {AfterAllowTraffic: smoke}]}\n"
    )
    imported(folder / "new", folder)
    values = {"CLUSTER": "shop", "TAG": "3", "AWS_IAM_ROLE_WEB_ARN": "arn:web"}
    block = read_application(folder / "new" / "shipway.yml", None, values).code_deploy
    assert block is not None
    assert (block.application, block.deployment_group) == ("shop", "web")
    assert block.hooks == {"BeforeInstall": "check", "AfterAllowTraffic": "smoke"}
