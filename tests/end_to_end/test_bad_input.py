"""Bad input against a real local ECS: one sentence that says what and where, and nothing half-done."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.local_ecs import LocalEcs, docker, eventually

pytestmark = pytest.mark.docker

DOCKERFILE = """FROM busybox:stable
RUN echo hello > /index.html
EXPOSE 8080
CMD ["httpd", "-f", "-p", "8080", "-h", "/"]
"""


class Application:
    """A folder as a newcomer has it after `shipway init`, and the command line in it."""

    def __init__(self, local: LocalEcs, folder: Path, name: str) -> None:
        self.local = local
        self.folder = folder
        self.name = name
        (folder / "Dockerfile").write_text(DOCKERFILE)
        self.shipway("init", "--name", name)

    def shipway(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "shipway.cli.main", *arguments],
            env={**self.local.environment, **variables},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def refused(self, *arguments: str, code: int = 1, variables: dict[str, str] | None = None) -> str:
        """The last thing said, which is why; never a traceback."""
        done = self.shipway(*arguments, **(variables or {}))
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        lines = [line for line in done.stderr.splitlines() if not line.startswith(("[", "  |"))]
        assert len(lines) == 1, done.stderr
        return lines[0]

    def change_container(self, **members: Any) -> None:
        path = self.folder / "ecs-task-def.json"
        definition = json.loads(path.read_text())
        container = definition["containerDefinitions"][0]
        container |= members
        definition["containerDefinitions"] = [{k: v for k, v in container.items() if v is not None}]
        path.write_text(json.dumps(definition))

    def left_behind(self) -> list[str]:
        """What of this application ECS and its surroundings know."""
        local, name = self.local, self.name
        found = local.ecs.describe_clusters(clusters=[name])["clusters"]
        left = [f"cluster {one['status']}" for one in found if one["status"] != "INACTIVE"]
        left += local.ecs.list_task_definitions(familyPrefix=name)["taskDefinitionArns"]
        balancers = local.elbv2.describe_load_balancers()["LoadBalancers"]
        groups = local.elbv2.describe_target_groups()["TargetGroups"]
        left += [one["LoadBalancerName"] for one in balancers if one["LoadBalancerName"] == name]
        left += [one["TargetGroupName"] for one in groups if one["TargetGroupName"] == name]
        repositories = local.client("ecr").describe_repositories()["repositories"]
        left += [one["repositoryName"] for one in repositories if one["repositoryName"] == name]
        return left


@pytest.fixture
def shop(local: LocalEcs, tmp_path: Path, request: pytest.FixtureRequest) -> Application:
    name = re.sub(r"[^a-z]+", "-", request.node.name.removeprefix("test_"))[:24].strip("-")
    return Application(local, tmp_path, name)


def exited_containers_of_others() -> set[str]:
    """Those of a build have no labels of ours."""
    exited = ("ps", "--all", "--quiet", "--filter", "status=exited")
    return {*docker(*exited)} - {*docker(*exited, "--filter", "label=shipway.installation")}


def test_image_that_does_not_build(shop: Application) -> None:
    """The last lines of the build tell why; not even a container of the build is left."""
    before = exited_containers_of_others()
    (shop.folder / "Dockerfile").write_text(DOCKERFILE + "RUN echo no such luck; exit 9\n")
    done = shop.shipway("deploy", "-e", "local")
    assert done.returncode == 1
    assert "shipway deploy: The image of web does not build; the last lines of docker build:" in done.stderr
    assert "returned a non-zero code: 9" in done.stderr or "exit code: 9" in done.stderr
    assert shop.left_behind() == []
    assert exited_containers_of_others() == before


def test_registry_that_refuses(shop: Application) -> None:
    """Which registry, in its own words, and what to look at."""
    path = shop.folder / "shipway.yml"
    path.write_text(path.read_text().replace("  web:\n", "  web:\n    repository: 127.0.0.1:9/shop\n", 1))
    said = shop.refused("deploy", "-e", "local")
    assert said.startswith("shipway deploy: The registry refused 127.0.0.1:9/shop:")
    assert said.endswith("See that it answers, and that `docker login 127.0.0.1:9` was done.")
    assert shop.left_behind() == []


def test_task_definition_that_ecs_refuses(shop: Application) -> None:
    """ECS's own words, after which everything is as it was."""
    shop.change_container(memory=None)
    said = shop.refused("deploy", "-e", "local")
    assert "At least one of 'memory' or 'memoryReservation' must be specified." in said
    assert shop.left_behind() == []


@pytest.mark.parametrize("member", ["memory", "cpu"])
def test_task_that_no_instance_can_fit(shop: Application, member: str) -> None:
    """Which resource, how much is missing, on which instance it was closest; the new cluster goes again."""
    shop.change_container(**{member: 9_999_999})
    said = shop.refused("deploy", "-e", "local")
    what = {"memory": "MiB of memory", "cpu": "CPU units"}[member]
    assert re.search(
        r"The closest of 3, container instance [0-9a-f]{8} \(i-[0-9a-f]+\), "
        rf"lacks \d+ {what} \(the task needs 9999999, there are \d+\)\.",
        said,
    ), said
    assert shop.left_behind() == []


def test_run_of_what_is_not_there(shop: Application) -> None:
    """A cluster, a task definition, a container, an instance, a task: each is named; our failure is 125."""
    cluster = ("--cluster", "default")
    local = shop.local
    family = local.register(f"{shop.name}-task", {"name": "web", "command": ["true"]}).partition(":")[0]
    run = ("run", "-e", "local", *cluster, "--task-definition")
    assert shop.refused("run", "-e", "local", "--cluster", "nowhere", code=125) == (
        "shipway run: The cluster 'nowhere' does not exist. Correct the name, or create it."
    )
    assert shop.refused(*run, "nothing", code=125) == (
        "shipway run: There is no task definition 'nothing'. Deploy first, or give --task-definition."
    )
    assert shop.refused(*run, family, "--container", "wbe", code=125) == (
        f"shipway run: There is no container 'wbe' in {family}. Did you mean 'web'?"
    )
    start = ("start", "-e", "local", *cluster, "--task-definition", family, "--instance", "i-nobody")
    assert "No container instance of default is named 'i-nobody'. There are: i-" in shop.refused(
        *start, code=125
    )
    assert shop.refused("stop", "-e", "local", *cluster, "abc").startswith(
        "shipway stop: There is no task 'abc' in the cluster default"
    )
    assert shop.refused("status", "-e", "local", "-s", "nowhere/shop") == (
        "shipway status: The cluster 'nowhere' does not exist here. Correct the name, or create it."
    )


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "InvalidSignatureException"),
        ("AWS_ACCESS_KEY_ID", "AKIANOBODY", "UnrecognizedClientException"),
    ],
)
def test_wrong_credentials(shop: Application, variable: str, value: str, code: str) -> None:
    """Where, in AWS's words, and what to check; nothing is built before."""
    variables = {**shop.local.variables, variable: value}
    said = shop.refused("deploy", variables=variables)
    assert f"at http://127.0.0.1:{shop.local.port} refused the credentials ({code}: " in said
    assert said.endswith("Check the profile or the AWS_* variables in use, or sign in again.")
    assert shop.left_behind() == []


def pressed(shop: Application, key: bytes, at: bytes, *arguments: str) -> tuple[int, str]:
    """The exit code and what was said on a terminal where Ctrl-C is pressed at that word, then the key."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(shop.folder)
        command = [sys.executable, "-m", "shipway.cli.main", *arguments]
        os.execve(sys.executable, command, {**shop.local.environment, "TERM": "xterm", "CI": ""})
    said = b""
    answers = [(at, b"\x03"), (b"keep watching > ", key)]
    try:
        while part := os.read(terminal, 4096):
            said += part
            if answers and answers[0][0] in said:
                os.write(terminal, answers.pop(0)[1])
    except OSError:  # how a closed terminal reads on Linux
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode(errors="replace")


def test_ctrl_c_during_a_deployment(shop: Application) -> None:
    """It is asked about however early it comes: detach leaves ECS to it, roll back goes back."""
    assert shop.shipway("deploy", "-e", "local").returncode == 0
    revision = f"{shop.name}:1"
    never_healthy = {"command": ["CMD-SHELL", "false"], "interval": 5, "retries": 10, "startPeriod": 60}
    shop.change_container(healthCheck=never_healthy)
    code, said = pressed(shop, b"r\n", b"update the service", "deploy", "-e", "local")
    assert (code, "asked ECS to stop this deployment and roll back" in said) == (3, True), said
    assert f"ECS rolled the service back to {revision}" in said
    code, said = pressed(shop, b"d\n", b"following service deployment", "deploy", "-e", "local")
    assert code == 0, said
    assert "\x1b[?25h" in said, "the cursor is shown again"
    assert f"see it with `shipway status -e local -s {shop.name}/{shop.name}`" in said
    deleted = shop.shipway(
        "delete", "-e", "local", "--yes", "--delete-cluster", "--delete-load-balancer", "-o", "json"
    )
    assert deleted.returncode == 0, deleted.stderr
    assert [what.split()[1] for what in json.loads(deleted.stdout)["deleted"]] == [
        "service",
        "load",
        "target",
        "cluster",
    ]
    instances = shop.local.ecs.describe_clusters(clusters=[shop.name])["clusters"][0]
    assert instances["registeredContainerInstancesCount"] == 0
    eventually(
        "the cluster's instances are gone",
        lambda: [p for p in shop.local.processes() if f"/{shop.name}-1" in " ".join(p.arguments)],
        lambda found: found == [],
    )
