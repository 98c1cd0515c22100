"""What `plan -o json` prints while something is under way, held to its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.cli.main import main
from shipway.testing import LocalEcs, local_ecs
from tests.cli.published import held

FILE = """\
name: shop
cluster: shop
create: true
task_definition: {containerDefinitions: [{name: web, image: "shop/web:${VERSION}", memory: 64}]}
service:
  desiredCount: 3
  deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEcs]:
    """A simulated ECS whose time stands still, and an application's folder to work in."""
    with local_ecs() as ecs:
        monkeypatch.setenv("SHIPWAY_DATA", str(tmp_path))
        monkeypatch.setenv("SHIPWAY_ENV", "local")
        names = ("endpoint_url", "region", "access_key_id", "secret_access_key")
        endpoint = {name: getattr(ecs, name) for name in names}
        (tmp_path / "endpoint.json").write_text(json.dumps(endpoint))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "shipway.yml").write_text(FILE)
        yield ecs


@pytest.mark.parametrize("ends", [False, True])
def test_a_plan_fits_its_schema_at_every_moment_of_a_deployment(
    shop: LocalEcs, ends: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it, on its way, when it fails and is rolled back, when an instance is gone, and after it."""

    def plan(version: str) -> Any:
        monkeypatch.setenv("VERSION", version)
        capsys.readouterr()
        code = main(["plan", "-o", "json"])
        document = held("plan", json.loads(capsys.readouterr().out))
        assert document["exitCode"] == code
        return document

    assert plan("1")["sentence"] == "the service is created."
    shop.containers.script("shop/web:1", start_ms=700)
    assert main(["deploy", "--no-wait"]) == 0
    for _ in range(3):
        plan("2")
        shop.clock.advance(0.5)
    shop.clock.advance(60)
    assert plan("1")["exitCode"] == 0
    plan("2")
    runs_ms, exit_code = (500, 1) if ends else (None, 0)
    shop.containers.script("shop/web:2", start_ms=700, runs_ms=runs_ms, exit_code=exit_code)
    assert main(["deploy", "--no-wait"]) == 0
    for step in range(8):
        plan(str(2 + step % 2))
        shop.clock.advance(0.4)
    [first, *_] = shop.client("ecs").list_container_instances(cluster="shop")["containerInstanceArns"]
    described = shop.client("ecs").describe_container_instances(cluster="shop", containerInstances=[first])
    shop.stop_instance(described["containerInstances"][0]["ec2InstanceId"])
    for _ in range(4):
        plan("3")
        shop.clock.advance(20)
    assert plan("1" if ends else "2")["exitCode"] == 0
