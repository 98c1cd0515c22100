"""A release of two services with a migration and a smoke test, by command line, with real containers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.local_ecs import COMMAND_LIMIT_S, Document, LocalEcs

pytestmark = pytest.mark.docker

FILE = """\
cluster: default
task_definition:
  containerDefinitions:
    - name: web
      image: busybox:stable
      memory: 64
      command: [sh, -c, 'trap "exit 0" TERM; while true; do sleep 1; done']
      environment: [{name: VERSION, value: "${VERSION:-1}"}]
service:
  desiredCount: 1
  deploymentConfiguration:
    deploymentCircuitBreaker: {enable: true, rollback: true}
services:
  release-api:
    tasks:
      migrate: {command: [sh, -c, 'echo migrating to $VERSION; exit ${CODE:-0}']}
      smoke: {command: [sh, -c, 'echo trying $VERSION; exit ${SMOKE:-0}']}
    before_deploy: [migrate]
    after_deploy: [smoke]
    on_failure: roll_back
  release-front:
    needs: [release-api]
hooks:
  after_deploy: [sh, -c, 'echo $SHIPWAY_SERVICE is $SHIPWAY_VERDICT']
"""


def released(local: LocalEcs, folder: Path, *options: str, **variables: str) -> tuple[int, Document, str]:
    """Exit code, the document on stdout, and what was told on the way."""
    (folder / "shipway.yml").write_text(FILE)
    done = subprocess.run(
        [sys.executable, "-m", "shipway.cli.main", "deploy", "-e", "local", "-o", "json", *options],
        env={**local.environment, **variables},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_S,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def verdicts(document: Document) -> dict[str, str]:
    return {name: one["verdict"] for name, one in document["services"].items()}


def revision(local: LocalEcs, name: str) -> str:
    return str(local.service(name)["taskDefinition"].rpartition("/")[2])


def test_a_release_must_migrate_deploy_in_order_and_go_back_when_its_smoke_test_fails(
    local: LocalEcs, tmp_path: Path
) -> None:
    """First deployment; a migration that fails; a smoke test that fails; then a good one."""
    code, document, told = released(local, tmp_path)
    assert (code, document["verdict"]) == (0, "deployed"), told
    assert "release-api: migrate | migrating to 1\n" in told
    assert "release-api: smoke | trying 1\n" in told
    assert "release-front: after_deploy | release-front is deployed\n" in told
    assert told.index("release-api is deployed") < told.index("create the service release-front")

    code, document, told = released(local, tmp_path, VERSION="2", CODE="3")
    assert verdicts(document) == {"release-api": "error", "release-front": "not begun"}, told
    assert code == 1
    assert "ended with exit code 3" in document["services"]["release-api"]["sentence"]
    assert document["services"]["release-api"]["details"] == ["migrating to 2"]
    assert revision(local, "release-api") == "release-api:1"

    code, document, told = released(local, tmp_path, VERSION="3", SMOKE="1")
    assert (code, document["services"]["release-api"]["verdict"]) == (3, "rolled back"), told
    assert revision(local, "release-api") == "release-api:1"
    assert revision(local, "release-front") == "release-front:1"

    code, document, told = released(local, tmp_path, VERSION="4")
    assert verdicts(document) == {"release-api": "deployed", "release-front": "deployed"}, told
    tags = local.ecs.describe_clusters(clusters=["default"], include=["TAGS"])["clusters"][0]["tags"]
    assert [tag for tag in tags if tag["key"].startswith("shipway:lock:")] == []
    for name in ("release-api", "release-front"):
        local.ecs.delete_service(service=name, force=True)
