"""What the verbs print with `-o json`, in a world of simulated containers, is what their schemas say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.cli.main import main
from shipway.deploy.building import Artifacts
from shipway.deploy.edge.calls import BotoCalls
from shipway.deploy.permissions.table import PURPOSES, TABLE
from shipway.testing import LocalEcs, local_ecs
from tests.cli.published import held

SCENARIO = Path(__file__).parents[2] / "examples" / "scenarios" / "bad-revision.yml"
FILE = """\
name: shop
cluster: shop
create: true
task_definition:
  containerDefinitions:
    - name: web
      image: "shop/web:${VERSION:-1}"
      memory: 64
      environment: [{name: LEVEL, value: debug}]
      logConfiguration:
        logDriver: awslogs
        options: {awslogs-group: shop, awslogs-region: us-east-1, awslogs-stream-prefix: s}
service:
  desiredCount: 1
tasks:
  migrate: {container: web, command: [./migrate]}
"""


class Verbs:
    """Runs verbs and holds what they print to their schemas, what they call to the table of permissions."""

    def __init__(self, capsys: pytest.CaptureFixture[str], called: set[tuple[str, str]]) -> None:
        self._capsys = capsys
        self._called = called

    def __call__(self, name: str, *arguments: str, code: int = 0) -> Any:
        self._capsys.readouterr()
        self._called.clear()
        assert main([*name.split(), *arguments, "-o", "json"]) == code, self._capsys.readouterr().err
        assert sorted(self._called - allowed_to(name.split()[0])) == []
        return held(name, json.loads(self._capsys.readouterr().out))

    def lines(self, name: str, *arguments: str, code: int = 0) -> list[Any]:
        """With `-o jsonl`: each line is an event of the published stream."""
        assert main([*name.split(), *arguments, "-o", "jsonl"]) == code
        return [held("jsonl", json.loads(line)) for line in self._capsys.readouterr().out.splitlines()]


def allowed_to(verb: str) -> set[tuple[str, str]]:
    """The calls that the policies for this verb's purposes allow, where the application has the resources."""
    purposes = {purpose for purpose, verbs in PURPOSES.items() if verb in verbs.split()}
    return {(row.service, row.operation) for row in TABLE if purposes & set(row.purposes)}


@pytest.fixture
def verbs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Verbs:
    called: set[tuple[str, str]] = set()
    send = BotoCalls.call

    def recorded(calls: BotoCalls, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        called.add((calls._client.meta.service_model.service_name, operation))
        return send(calls, operation, members)

    monkeypatch.setattr(BotoCalls, "call", recorded)
    return Verbs(capsys, called)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEcs]:
    """A simulated ECS that `-e local` finds, and an application's folder to work in."""
    with local_ecs(clock="real", speed=1_000) as ecs:
        monkeypatch.setenv("SHIPWAY_DATA", str(tmp_path))
        monkeypatch.setenv("SHIPWAY_ENV", "local")
        endpoint = {
            "endpoint_url": ecs.endpoint_url,
            "region": ecs.region,
            "access_key_id": ecs.access_key_id,
            "secret_access_key": ecs.secret_access_key,
        }
        (tmp_path / "endpoint.json").write_text(json.dumps(endpoint))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "shipway.yml").write_text(FILE)
        yield ecs


def test_the_life_of_a_service(shop: LocalEcs, verbs: Verbs, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the plan to its end, all that there is to see on the way."""
    assert verbs("plan", code=2)["actions"]
    verbs("verify")
    assert verbs("deploy")["verdict"] == "deployed"
    monkeypatch.setenv("VERSION", "2")
    assert verbs("lock", "--reason", "a fair", "--for", "1h")["locks"]["shop"]["reason"] == "a fair"
    assert "a fair" in verbs("deploy", code=1)["sentence"]
    assert verbs("unlock") == verbs("lock", "--status") == {"cluster": "shop", "locks": {"shop": None}}
    assert verbs("plan", code=2)["changes"]
    assert verbs("deploy", "--dry-run")["plan"]
    lines = verbs.lines("deploy")
    assert (lines[-1]["event"], lines[-1]["verdict"]) == ("ended", "deployed")
    assert lines[-1]["taskArns"]
    assert verbs("status")["urls"] == []
    assert len(verbs("history")) == 2
    assert verbs("events")
    assert verbs("tasks")
    verbs("logs")
    assert verbs("why") == {"findings": [], "changes": ["web.image: shop/web:1 -> shop/web:2"], "unread": []}
    assert verbs("wait")["verdict"] == "deployed"
    assert verbs("scale", "2")["verdict"] == "deployed"
    assert verbs("restart")["verdict"] == "deployed"
    for answer in ("approve", "reject", "cancel"):
        assert verbs(answer, code=1)["verdict"] == "error"
    assert verbs.lines("cancel", code=1)[-1]["event"] == "failed"
    assert verbs("rollback")["verdict"] == "deployed"
    assert verbs("prune", "--keep", "0", "--yes")["kept"]
    assert verbs("register")["taskDefinitionArn"].endswith("/shop:2")
    assert verbs("deregister", "shop:2", "--force")["deregistered"]
    assert verbs("delete", "--yes")["deleted"] == ["the service shop"]


def test_a_deployment_that_fails(shop: LocalEcs, verbs: Verbs) -> None:
    """With its post-mortem: its image is not there, so no task ever runs."""
    shop.containers.script("shop/web", pull_error="manifest unknown")
    assert verbs("deploy", "--timeout", "60s", code=1)["findings"][0]["tasks"]
    assert verbs("why")["findings"]


SEVERAL = """\
cluster: shop
create: true
parallel: 2
task_definition: {containerDefinitions: [{name: web, image: "shop/web:${VERSION:-1}", memory: 64}]}
service: {desiredCount: 1}
services:
  api: {}
  front: {needs: [api]}
"""


def test_several_services(shop: LocalEcs, verbs: Verbs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member each; one alone is as ever; a verb about one wants its name."""
    Path("shipway.yml").write_text(SEVERAL)
    assert list(verbs("plan", code=2)["services"]) == ["api", "front"]
    assert verbs("verify")["verdict"] == "passed"
    assert verbs("deploy", "--dry-run")["services"]["front"]["plan"]
    assert verbs("deploy")["services"]["front"]["verdict"] == "deployed"
    assert verbs("plan")["verdict"] == "unchanged"
    assert verbs("status")["services"]["api"]["service"]["serviceName"] == "api"
    assert verbs("status", "-s", "front")["service"]["serviceName"] == "front"
    monkeypatch.setenv("VERSION", "2")
    assert verbs("deploy", "--only", "front")["services"]["front"]["taskDefinitionAfter"].endswith("front:2")
    assert verbs("plan", "--only", "front")["sentence"] == "no changes: everything is as the file says."
    assert "name one with --service" in verbs("history", code=2)["sentence"]
    assert len(verbs("history", "--service", "front")) == 2
    assert verbs("lock", "-s", "api", "--reason", "a fair")["locks"]["api"]["owner"]
    assert "a fair" in verbs("deploy", code=1)["sentence"]
    assert verbs("unlock")["locks"] == {"api": None, "front": None}
    assert "name one with --service" in verbs("rehearse", code=2)["sentence"]


def test_tasks(shop: LocalEcs, verbs: Verbs) -> None:
    """One that ends by itself, one that is stopped."""
    shop.client("ecs").create_cluster(clusterName="shop")
    verbs("register")
    shop.containers.script("shop/web", runs_ms=0, exit_code=3)
    assert verbs("run", "--task", "migrate", code=3)["container"] == "web"
    instances = verbs("instances list")
    shop.containers.script("shop/web", runs_ms=None)
    started = verbs("start", "--instance", instances[0]["arn"])
    assert verbs("stop", started["tasks"][0]["taskArn"])["taskArn"]


def test_clusters_and_instances(shop: LocalEcs, verbs: Verbs) -> None:
    """Made, shown, ended."""
    assert verbs("cluster create")["name"] == "shop"
    verbs("cluster list")
    verbs("cluster describe")
    [first, *_] = verbs("instances list")
    assert verbs("instances drain", first["arn"], "--wait", "5s")["empty"]
    verbs("instances activate", first["arn"])
    assert verbs("instances create", "--name", "more")["CapacityProvider"] == "more"
    assert verbs("instances delete", "--name", "more", "--yes")["deleted"] == "more"
    assert verbs("cluster delete", "other", "--yes", code=1)["verdict"] == "error"


def test_what_needs_no_ecs(verbs: Verbs, tmp_path: Path) -> None:
    """The files of `init`, the pages of `explain`, the schemas themselves, a scenario."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\nEXPOSE 80\n")
    verbs("init", str(tmp_path))
    verbs("eject", str(tmp_path / "out"), "-c", str(tmp_path / "shipway.yml"), "-e", "local")
    verbs("explain")
    verbs("explain", "SW301")
    verbs("schema")
    verbs("completion", "bash")
    verbs("completion", "words", "dep")
    (tmp_path / "shipway.yml").write_text(FILE)
    verbs("iam", "-c", str(tmp_path / "shipway.yml"), "-e", "local")
    verbs("simulate", str(SCENARIO), code=3)


def test_what_needs_docker() -> None:
    """Images that were built and pushed; the verbs only print them."""
    artifacts = Artifacts({"web": "sha256:ab"}, {"web": "shop@sha256:cd"}, "arn:shop:1", True)
    for verb in ("build", "push", "register"):
        held(verb, artifacts.as_document())
