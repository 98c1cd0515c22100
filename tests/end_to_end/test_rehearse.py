"""`shipway rehearse` with real containers: the verdict, and nothing is left of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.local.leftovers import find_leftovers
from tests.cli.published import held
from tests.end_to_end.local_ecs import docker

LIMIT_S = 240
SERVE = "mkdir -p /www && echo ok > /www/index.html && trap exit TERM; httpd -f -p 80 -h /www & wait"
FILE = {
    "name": "rehearsed",
    "task_definition": {
        "containerDefinitions": [
            {
                "name": "web",
                "image": "busybox:stable",
                "memory": 32,
                "cpu": 16,
                "command": ["sh", "-c", SERVE],
                "portMappings": [{"containerPort": 80}],
            }
        ]
    },
    "service": {
        "desiredCount": 2,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    },
    "load_balancer": {
        "container": "web",
        "container_port": 80,
        "listener_port": 8080,
        "deregistration_delay": 5,
        "health_check": {"interval": 5, "timeout": 2, "healthy_threshold": 2},
    },
}


def everything() -> set[str]:
    """Containers, networks and images of this engine."""
    images = docker("images", "--all", "--format", "{{.Repository}}:{{.Tag}}@{{.ID}}")
    return {*docker("ps", "--all", "--quiet"), *docker("network", "ls", "--quiet"), *images}


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short path: Envoy's sockets are in it."""
    with tempfile.TemporaryDirectory(prefix="shipway-e2e-") as path:
        yield Path(path)


def rehearse(folder: Path, *options: str, exit_code: int) -> Any:
    temporary = folder / "tmp"
    temporary.mkdir()
    file = folder / "shipway.yml"
    file.write_text(json.dumps(FILE))  # JSON is YAML
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SHIPWAY_"))}
    command = [sys.executable, "-m", "shipway.cli.main", "rehearse", "-c", str(file), "-o", "json"]
    done = subprocess.run(
        [*command, "--speed", "10", *options],
        env={**kept, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert list(temporary.iterdir()) == []
    assert find_leftovers(temporary) == []
    return held("rehearse", json.loads(done.stdout))


@pytest.mark.docker
def test_a_crash_is_got_over(folder: Path) -> None:
    """The second new container is killed; ECS replaces its task, and the deployment succeeds."""
    before = everything()
    document = rehearse(folder, "--fail", "crash@2", exit_code=0)
    assert document["verdict"] == "deployed"
    assert document["new"]["taskDefinitionAfter"].endswith("rehearsed:2")
    assert [fault["fault"] for fault in document["faults"]] == ["crash@2"]
    assert document["recoveries"][0]["recoveredAfterS"] is not None
    assert document["requests"]["made"] > 0
    assert everything() <= before


@pytest.mark.docker
@pytest.mark.parametrize(("fault", "cause"), [("unhealthy", "health_check"), ("crash", "crash")])
def test_a_version_that_is_no_good_is_rolled_back(folder: Path, fault: str, cause: str) -> None:
    """With the deployment's own exit code; the old tasks answered all the while."""
    before = everything()
    document = rehearse(folder, "--fail", fault, exit_code=3)
    assert document["verdict"] == "rolled back"
    assert document["new"]["findings"][0]["cause"] == cause
    assert document["belowMinimumS"] == 0
    assert document["requests"]["failed"] == 0
    assert everything() <= before
