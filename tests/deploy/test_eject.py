"""`shipway eject`: a script of AWS CLI commands that does what `shipway deploy` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.reading import read_release
from shipway.deploy.eject import eject
from shipway.deploy.errors import DeployError
from shipway.testing import LocalEcs, local_ecs

FILE = """\
name: shop
cluster: it's shop
region: us-east-1
create: true
images:
  web: {context: web, args: {MODE: "a 'b' $c"}, target: release}
task_definition:
  containerDefinitions:
    - name: web
      image: shop/web:1
      memory: 64
      portMappings: [{containerPort: 80}]
      environment: [{name: PRICE, value: "5 $$"}]
service:
  desiredCount: 2
  deploymentConfiguration: {minimumHealthyPercent: 50, maximumPercent: 200}
load_balancer:
  {container: web, container_port: 80, listener_port: 8099, subnets: [subnet-1, subnet-2],
   health_check: {path: /ok, interval: 5, timeout: 2}}
tasks:
  migrate: {container: web, command: [./migrate, --all], environment: {LEVEL: debug}}
"""


@pytest.fixture
def ecs() -> Iterator[LocalEcs]:
    with local_ecs(clock="real", speed=1_000) as made:
        yield made


def ejected(folder: Path, text: str = FILE) -> Path:
    (folder / "shipway.yml").write_text(text)
    eject(read_release(folder / "shipway.yml", None, {}), folder / "out")
    return folder / "out"


def script(ecs: LocalEcs, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The AWS CLI of this environment is the real one."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "HOME": str(out), "PAUSE_S": "0.1", "TIMEOUT_S": "60", **ecs.environment}
    return subprocess.run(
        [str(out / "deploy.sh"), *arguments],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def service(ecs: LocalEcs, cluster: str = "it's shop") -> Any:
    return ecs.client("ecs").describe_services(cluster=cluster, services=["shop"])["services"][0]


# A name that no cluster could have, but that shows whether everything is quoted.
PLAIN = FILE.replace("cluster: it's shop", "cluster: shop")


def test_the_script_makes_the_service_and_deploys_to_it(ecs: LocalEcs, tmp_path: Path) -> None:
    """The first run makes everything that is missing, the second one changes it."""
    out = ejected(tmp_path, PLAIN)
    first = script(ecs, out, "web=shop/web:2")
    assert first.returncode == 0, first.stderr
    made = service(ecs, "shop")
    definition = ecs.client("ecs").describe_task_definition(taskDefinition=made["taskDefinition"])
    [container] = definition["taskDefinition"]["containerDefinitions"]
    assert (container["image"], container["environment"][0]["value"]) == ("shop/web:2", "5 $")
    assert (made["desiredCount"], made["loadBalancers"][0]["containerPort"]) == (2, 80)
    [group] = ecs.client("elbv2").describe_target_groups(Names=["shop"])["TargetGroups"]
    assert (group["HealthCheckPath"], group["HealthCheckIntervalSeconds"]) == ("/ok", 5)
    second = script(ecs, out, "web=shop/web:3")
    assert second.returncode == 0, second.stderr
    assert second.stderr.splitlines()[-1] == f"deployed {service(ecs, 'shop')['taskDefinition']}"
    assert service(ecs, "shop")["taskDefinition"].endswith("shop:2")


def test_tasks_go_before_the_service(ecs: LocalEcs, tmp_path: Path) -> None:
    """One that fails ends the script before the service is touched."""
    out = ejected(tmp_path, PLAIN + "before_deploy: [migrate]\n")
    ecs.containers.script("shop/web:2", runs_ms=1_000, exit_code=3)
    failed = script(ecs, out, "web=shop/web:2")
    assert (failed.returncode, failed.stderr.splitlines()[-1]) == (1, "the task migrate failed: exit code 3")
    assert ecs.client("ecs").list_services(cluster="shop")["serviceArns"] == []


def test_a_first_deployment_that_fails_is_an_error_as_with_shipway(ecs: LocalEcs, tmp_path: Path) -> None:
    """There is nothing to roll back to, so it is not 3."""
    percents = "{minimumHealthyPercent: 50, maximumPercent: 200}"
    text = PLAIN.replace(percents, "{deploymentCircuitBreaker: {enable: true, rollback: true}}")
    ecs.containers.script("shop/web:2", runs_ms=0, exit_code=3)
    failed = script(ecs, ejected(tmp_path, text), "web=shop/web:2")
    assert failed.returncode == 1
    assert "ROLLBACK_FAILED" in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith("No rollback candidate was found")


def test_a_task_keeps_its_size_and_its_roles(tmp_path: Path) -> None:
    """RunTask is asked for what `shipway run --task` asks for."""
    role = "arn:aws:iam::123456789012:role/migrator"
    sized = f"environment: {{LEVEL: debug}}, memory: 1GB, task_role: '{role}'}}"
    out = ejected(tmp_path, PLAIN.replace("environment: {LEVEL: debug}}", sized))
    assert json.loads((out / "task-migrate.json").read_text())["overrides"] == {
        "taskRoleArn": role,
        "containerOverrides": [
            {
                "name": "web",
                "memory": 1024,
                "command": ["./migrate", "--all"],
                "environment": [{"name": "LEVEL", "value": "debug"}],
            }
        ],
    }


def test_every_value_is_quoted(tmp_path: Path) -> None:
    """Blanks, quotes and dollar signs stay what they are; bash itself finds no fault with the text."""
    out = ejected(tmp_path)
    text = (out / "deploy.sh").read_text()
    assert "cluster='it'\"'\"'s shop'" in text
    assert "--build-arg 'MODE=a '\"'\"'b'\"'\"' $c'" in text
    assert subprocess.run(["bash", "-n", str(out / "deploy.sh")], check=False).returncode == 0


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """All or nothing."""
    out = ejected(tmp_path)
    with pytest.raises(DeployError, match=r"deploy\.sh.* already exists"):
        ejected(tmp_path)
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md",
        "create-service.json",
        "deploy.sh",
        "health-check.json",
        "load-balancer.json",
        "target-group.json",
        "task-definition.json",
        "task-migrate.json",
        "update-service.json",
    ]


def test_several_services_get_a_folder_each(tmp_path: Path) -> None:
    """One script calls the others, each after those that it needs."""
    definition = "task_definition: {containerDefinitions: [{name: web, image: shop/web, memory: 64}]}"
    out = ejected(tmp_path, f"services:\n  web: {{needs: [api], {definition}}}\n  api: {{{definition}}}\n")
    lines = (out / "deploy.sh").read_text().splitlines()
    assert lines[-2:] == ['"$here"/api/deploy.sh', '"$here"/web/deploy.sh']
    assert (out / "web" / "create-service.json").exists()
