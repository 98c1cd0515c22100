"""`shipway rehearse` on the simulated engine, as its user has it; afterwards nothing is there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from shipway.local.leftovers import find_leftovers
from shipway.testing import LocalEcs, local_ecs
from tests.cli.published import held

SPEED = "50"
DEADLINE_S = 60
FILE = """\
name: web
task_definition:
  containerDefinitions:
    - name: web
      image: shop/web:1
      memory: 64
      portMappings: [{containerPort: 80}]
service:
  desiredCount: 2
  deploymentConfiguration:
    deploymentCircuitBreaker: {enable: true, rollback: true}
load_balancer:
  container: web
  container_port: 80
"""


class Rehearsal:
    """The command line on a machine where no Docker Engine answers, with a folder for temporary files."""

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.file = folder / "shipway.yml"
        self.file.write_text(FILE)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SHIPWAY_"))}
        self.environment = kept | {
            "TMPDIR": str(self.temporary),
            "XDG_DATA_HOME": str(folder / "data"),
            "DOCKER_HOST": "unix:///nowhere/docker.sock",
        }

    def begin(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "shipway.cli.main", "rehearse", "-c", str(self.file)]
        return subprocess.Popen(
            [*command, "--engine", "simulated", "--speed", SPEED, *options],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *options: str, exit_code: int = 0) -> Any:
        running = self.begin("-o", "json", *options)
        said, progress = running.communicate(timeout=DEADLINE_S)
        assert running.returncode == exit_code, said + progress
        return held("rehearse", json.loads(said))

    def left(self) -> list[str]:
        """Folders and processes. A caretaker that is awaited too."""
        found = [str(path) for path in self.temporary.iterdir()]
        return found + [f"{process.pid} {process.name}" for process in find_leftovers(self.temporary)]


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    return Rehearsal(tmp_path)


def test_a_new_version_gets_over_a_crash(rehearsal: Rehearsal) -> None:
    """First version, new version, the second new task killed: deployed all the same, nothing left."""
    document = rehearsal("--fail", "crash@2")
    assert document["verdict"] == "deployed"
    assert document["new"]["taskDefinitionBefore"].endswith("web:1")
    assert document["new"]["taskDefinitionAfter"].endswith("web:2")
    (fault,) = document["faults"]
    assert fault["fault"] == "crash@2" and fault["text"].startswith("killed web of the new task")
    assert rehearsal.left() == []


@pytest.mark.parametrize(
    ("fault", "cause"), [("crash", "crash"), ("pull", "image_pull"), ("unhealthy", "health_check")]
)
def test_a_version_that_is_no_good_is_rolled_back(rehearsal: Rehearsal, fault: str, cause: str) -> None:
    """The exit code is the deployment's, and the post-mortem says why."""
    document = rehearsal("--fail", fault, exit_code=3)
    assert document["verdict"] == "rolled back"
    assert document["new"]["findings"][0]["cause"] == cause
    assert rehearsal.left() == []


def test_a_zone_and_an_instance_may_go(rehearsal: Rehearsal) -> None:
    """Deployed on what is left."""
    document = rehearsal("--fail", "zone", "--fail", "instance", "--instances", "6")
    assert document["verdict"] == "deployed"
    assert [fault["fault"] for fault in document["faults"]] == ["zone", "instance"]
    assert "2 of 6 instances" in document["faults"][0]["text"]
    assert [found["fault"] for found in document["recoveries"]] == ["zone", "instance"]
    assert all(found["recoveredAfterS"] is not None for found in document["recoveries"])
    assert rehearsal.left() == []


IN_AWS = """\
name: web
cluster: shop
task_definition:
  executionRoleArn: arn:aws:iam::123456789012:role/execution
  containerDefinitions:
    - name: web
      image: shop/web:2
      memory: 64
      portMappings: [{containerPort: 80}]
      secrets: [{name: API_KEY, valueFrom: /web/key}]
service:
  loadBalancers: [{targetGroupArn: "GROUP", containerName: web, containerPort: 80}]
"""


def test_what_is_live_comes_first(rehearsal: Rehearsal) -> None:
    """The live revision, as many tasks, a target group with the same check, a dummy for the secret."""
    with local_ecs(clock="real") as amazon:
        group = live_service(amazon)
        rehearsal.file.write_text(IN_AWS.replace("GROUP", group))
        rehearsal.environment |= amazon.environment
        document = rehearsal("--from-live")
        kept = amazon.client("ecs").describe_services(cluster="shop", services=["web"])["services"][0]
    assert document["verdict"] == "deployed"
    assert document["new"]["sentence"].startswith("3 tasks of web:2")
    assert {
        "what": "secret API_KEY of web",
        "instead": "a dummy value; --secret gives it another",
    } in document["standIns"]
    assert any("with the same health check" in stand_in["instead"] for stand_in in document["standIns"])
    assert (kept["taskDefinition"].endswith("web:1"), len(kept["deployments"])) == (True, 1)
    assert rehearsal.left() == []


def live_service(amazon: LocalEcs) -> str:
    """Three tasks behind a load balancer; returns the target group's ARN."""
    elbv2, ecs = amazon.client("elbv2"), amazon.client("ecs")
    balancer = elbv2.create_load_balancer(Name="web", Subnets=["subnet-1"])["LoadBalancers"][0]
    members = {"Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1", "HealthCheckPath": "/up"}
    group = str(elbv2.create_target_group(Name="web", **members)["TargetGroups"][0]["TargetGroupArn"])
    forward = {"Type": "forward", "TargetGroupArn": group}
    arn = balancer["LoadBalancerArn"]
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=8080, DefaultActions=[forward])
    ecs.create_cluster(clusterName="shop")
    container = {"name": "web", "image": "shop/web:1", "memory": 64, "portMappings": [{"containerPort": 80}]}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    entry = {"targetGroupArn": group, "containerName": "web", "containerPort": 80}
    names = {"cluster": "shop", "serviceName": "web", "taskDefinition": "web"}
    ecs.create_service(**names, desiredCount=3, loadBalancers=[entry])
    return group


def test_the_picture_is_drawn(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """Both revisions, the fault and the verdict."""
    picture = tmp_path / "web.svg"
    rehearsal("--fail", "crash@1", "--svg", str(picture))
    drawn = picture.read_text()
    for words in ("web:1 healthy", "web:2 healthy", "crash@1: killed web", "verdict: deployed"):
        assert words in drawn


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--fail", "fire"], "--fail fire is not known."),
        (["--secret", "KEY=1"], "--secret KEY: no container asks for such a secret."),
        (["-s", "shop"], "There is no service 'shop' in shipway.yml."),
        (["--speed", "0"], "--speed must be from 1 to"),
        (["--fail", "zone", "--svg", "/nowhere/web.svg"], "/nowhere/web.svg cannot be written"),
    ],
)
def test_what_cannot_be_is_told_before_anything_starts(
    rehearsal: Rehearsal, options: list[str], sentence: str
) -> None:
    """In one sentence, and nothing is left of it either."""
    running = rehearsal.begin(*options)
    said, told = running.communicate(timeout=DEADLINE_S)
    assert running.returncode in (1, 2)
    assert said == ""
    assert sentence in told
    assert "answers at" not in told
    assert rehearsal.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_however_it_ends_nothing_is_left(rehearsal: Rehearsal, number: signal.Signals) -> None:
    """Interrupted, it takes all down before it ends; killed outright, its caretaker does."""
    running = rehearsal.begin("--fail", "unhealthy")
    assert running.stderr is not None
    for line in running.stderr:
        if "the new version" in line:
            break
    running.send_signal(number)
    _, progress = running.communicate(timeout=DEADLINE_S)
    if number != signal.SIGKILL:
        assert running.returncode == 130
        assert "Interrupted; nothing is left behind." in progress
    else:
        deadline, never = time.monotonic() + DEADLINE_S, threading.Event()
        while rehearsal.left() and time.monotonic() < deadline:
            never.wait(0.05)  # the caretaker is nobody's child any more
    assert rehearsal.left() == []
