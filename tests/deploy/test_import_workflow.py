"""`shipway init --from .github/workflows/deploy.yml`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from shipway.deploy.application.reading import read_application
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.source import Account
from shipway.deploy.importing.workflow_values import Scope, docker_builds
from shipway.testing import LocalEcs

from .moved_in import ecs, imported, plan_of, run_service

__all__ = ["ecs"]

WORKFLOW = """\
name: Deploy
on:
  push: {branches: [main]}
env:
  AWS_REGION: us-east-1
  ECR_REPOSITORY: shop/web
  CLUSTER: shop
jobs:
  test:
    runs-on: ubuntu-latest
    steps: [{run: make test}]
  deploy:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: actions/checkout@v4
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: arn:aws:iam::000000000000:role/deployer
          aws-region: ${{ env.AWS_REGION }}
      - id: login
        uses: aws-actions/amazon-ecr-login@v2
      - id: build
        env:
          ECR_REGISTRY: ${{ steps.login.outputs.registry }}
          IMAGE_TAG: ${{ github.sha }}
        run: |
          docker build -t $ECR_REGISTRY/$ECR_REPOSITORY:$IMAGE_TAG \\
            --build-arg MODE=prod --target release -f web/Dockerfile web
          docker push $ECR_REGISTRY/$ECR_REPOSITORY:$IMAGE_TAG
          echo "image=$ECR_REGISTRY/$ECR_REPOSITORY:$IMAGE_TAG" >> $GITHUB_OUTPUT
      - id: render-web
        uses: aws-actions/amazon-ecs-render-task-definition@v1
        with:
          task-definition: deploy/task.json
          container-name: web
          image: ${{ steps.build.outputs.image }}
          environment-variables: |
            LEVEL=info
            VERSION=${{ github.sha }}
            KEY=${{ secrets.KEY }}
      - uses: aws-actions/amazon-ecs-deploy-task-definition@v2
        with:
          task-definition: ${{ steps.render-web.outputs.task-definition }}
          service: web
          cluster: ${{ env.CLUSTER }}
          wait-for-service-stability: true
          propagate-tags: SERVICE
          run-task-subnets: subnet-1
          codedeploy-application: ${{ vars.APPLICATION }}
"""
TASK: dict[str, Any] = {
    "family": "web",
    "revision": 3,
    "containerDefinitions": [
        {
            "name": "web",
            "image": "to be replaced",
            "memory": 128,
            "environment": [{"name": "LEVEL", "value": "debug"}, {"name": "PRICE", "value": "${not}"}],
            "command": [],
        }
    ],
}


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    file = tmp_path / ".github" / "workflows" / "deploy.yml"
    file.parent.mkdir(parents=True)
    file.write_text(WORKFLOW)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "task.json").write_text(json.dumps(TASK))
    return file


def test_a_plan_finds_nothing_to_change(
    ecs: LocalEcs, workflow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the service that the workflow's last run left."""
    environment = [
        {"name": "PRICE", "value": "${not}"},
        {"name": "LEVEL", "value": "info"},
        {"name": "VERSION", "value": "c0ffee"},
        {"name": "KEY", "value": "k"},
    ]
    container: dict[str, Any] = {
        "name": "web",
        "image": "shop/web:7",
        "memory": 128,
        "environment": environment,
    }
    run_service(
        ecs,
        "shop",
        {"family": "web", "containerDefinitions": [container]},
        {"serviceName": "web", "desiredCount": 2, "propagateTags": "SERVICE"},
    )
    imported(tmp_path, workflow)
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    monkeypatch.setenv("KEY", "k")
    monkeypatch.setenv("APPLICATION", "shop")
    assert plan_of(tmp_path, images={"web": "shop/web:7"}) == (
        "plan: web on shop: no changes: everything is as the file says."
    )


def test_the_image_is_built_as_the_workflow_does(workflow: Path, tmp_path: Path) -> None:
    """The registry is ECR's own, and Shipway finds it by itself."""
    imported(tmp_path, workflow)
    application = read_application(
        tmp_path / "shipway.yml", None, {"GITHUB_SHA": "c0ffee", "KEY": "k", "APPLICATION": "shop"}
    )
    assert application.code_deploy is not None and application.code_deploy.application == "shop"
    image = application.images["web"]
    assert (image.context, image.dockerfile, image.target) == ("web", None, "release")
    assert (image.args, image.repository, application.region) == ({"MODE": "prod"}, "shop/web", "us-east-1")


def test_what_stays_behind_and_what_comes_instead(workflow: Path, tmp_path: Path) -> None:
    """The suggested workflow keeps how it is set off and who it is."""
    moved = imported(tmp_path, workflow)
    assert [line.partition(": ")[0] for line in moved.not_carried] == [
        "wait-for-service-stability",
        "run-task-subnets",
    ]
    suggested = yaml.safe_load((tmp_path / "shipway-workflow.yml").read_text())
    assert suggested["on"] == {"push": {"branches": ["main"]}}
    steps = suggested["jobs"]["deploy"]["steps"]
    assert [step.get("uses") or step["run"] for step in steps] == [
        "actions/checkout@v4",
        "aws-actions/configure-aws-credentials@v4",
        "pip install shipway",
        "shipway deploy",
    ]
    # YAML 1.1 would read a bare `on` as true.
    assert "\n'on':" in (tmp_path / "shipway-workflow.yml").read_text()


def test_the_build_action_is_read_too() -> None:
    """`docker buildx build` and quoting as well."""
    scope = Scope(Account(), {"TAG": "a:1"})
    [build] = docker_builds('docker buildx build --platform=linux/arm64 --push -t "$TAG" .', scope)
    assert build.tags == ("a:1",)
    assert build.members == {"context": ".", "platform": "linux/arm64"}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "deploy/task.json",
            "made-here.json",
            "the task definition made-here.json is not in the repository. Import",
        ),
        (
            "task-definition: deploy/task.json",
            "task-definition-family: web",
            "takes its task definition from ECS",
        ),
        ("container-name: web", "container-name: wbe", "renders into the container 'wbe'"),
        ("amazon-ecs-deploy-task-definition", "other", "so there is nothing to import"),
        ("id: render-web", "id: other", "step 'render-web', which does not render one"),
    ],
)
def test_what_cannot_be_imported_is_said(
    workflow: Path, tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """With where to turn instead, where there is such a place."""
    workflow.write_text(WORKFLOW.replace(old, new))
    with pytest.raises(DeployError, match=complaint):
        imported(tmp_path, workflow)
    assert not (tmp_path / "shipway.yml").exists()
