"""A rolling `shipway deploy` against what bounds it: the containers' start and their health check. And how
often its watch asks.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.measure import Figure, median

ROUNDS = 3
TIMES_BOUND = 1.15
CALLS_MORE = 3
# The container's own health check: the first is made after so long. The target group's is passed meanwhile.
CHECK_S = 10
FILE = f"""\
name: bench-deploy
cluster: default
create: true
task_definition:
  containerDefinitions:
    - name: web
      image: busybox:stable
      memory: 32
      command: [httpd, -f, -p, "80", -h, /etc]
      environment: [{{name: VERSION, value: "${{VERSION}}"}}]
      portMappings: [{{containerPort: 80}}]
      linuxParameters: {{initProcessEnabled: true}}
      healthCheck:
        command: [CMD-SHELL, wget -q -O /dev/null http://127.0.0.1/passwd]
        interval: {CHECK_S}
        timeout: 2
service: {{desiredCount: 2, deploymentConfiguration: {{minimumHealthyPercent: 50, maximumPercent: 100}}}}
load_balancer:
  container: web
  container_port: 80
  listener_port: 4797
  deregistration_delay: 5
  health_check: {{path: /passwd, interval: 5, timeout: 2}}
"""


@dataclass(frozen=True)
class Bound:
    """Seconds that no rolling deployment of this service can do without: one task after the other goes and is
    replaced. ECS does not wait for the old ones' connections: they drain on.
    """

    start_s: float

    @property
    def seconds(self) -> float:
        return 2 * (self.start_s + CHECK_S)

    def text(self) -> str:
        return f"{self.seconds:.2f} s (twice: start {self.start_s:.2f}, health check {CHECK_S})"


def measure(shipway: str, image: str) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="shipway-bench-") as folder:
        file = Path(folder) / "shipway.yml"
        file.write_text(FILE)
        deploy(shipway, file, 0)
        starts, took = [], []
        for version in range(1, ROUNDS + 1):
            # In turn, so that a noisy moment hits both.
            starts.append(docker_run_s(image))
            took.append(deploy(shipway, file, version))
        calls, watched_s = calls_of_a_watch(file, ROUNDS + 1)
        command = [shipway, "delete", "-e", "local", "-c", str(file), "--yes", "--delete-load-balancer"]
        subprocess.run(command, check=True, capture_output=True, env=versioned(0))
    bound = Bound(median(starts))
    ratio = median(took) / bound.seconds
    return [
        Figure(
            f"a rolling shipway deploy of 2 tasks, median of {ROUNDS}",
            f"{median(took):.2f} s",
            bound.text(),
            f"{ratio:.2f} x",
            f"at most {TIMES_BOUND} x",
            ratio <= TIMES_BOUND,
        ),
        Figure(
            "calls of its watch",
            f"{calls} in {watched_s:.1f} s",
            "",
            f"{calls / watched_s:.2f} a second",
            f"one a second, and {CALLS_MORE} at its beginning and end",
            calls <= watched_s + CALLS_MORE,
        ),
    ]


def versioned(version: int) -> dict[str, str]:
    return {**os.environ, "VERSION": str(version)}


def deploy(shipway: str, file: Path, version: int) -> float:
    started = time.perf_counter()
    command = [shipway, "deploy", "-e", "local", "-c", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=versioned(version))
    if done.returncode != 0:
        raise RuntimeError(f"The deployment failed:\n{done.stderr}\n{done.stdout}")
    return time.perf_counter() - started


def docker_run_s(image: str) -> float:
    """What Docker itself needs to start such a container."""
    started = time.perf_counter()
    command = ["docker", "run", "-d", "--init", "--memory", "32m", image, "httpd", "-f", "-h", "/etc"]
    container = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    took = time.perf_counter() - started
    subprocess.run(["docker", "rm", "-f", container], check=True, capture_output=True)
    return took


def calls_of_a_watch(file: Path, version: int) -> tuple[int, float]:
    """While the deployment is followed, and for how many seconds it is."""
    import shipway
    from shipway.deploy.application.reading import read_application
    from shipway.deploy.edge.aws import Where
    from shipway.deploy.edge.ecr import Ecr
    from shipway.deploy.edge.ecs import Ecs
    from shipway.deploy.edge.elbv2 import Elbv2

    application = read_application(file, "local", {"VERSION": str(version)})
    aws = shipway.open_aws(Where("local"), application.cluster)
    made: list[float] = []

    class Counted:
        def __init__(self, service: str) -> None:
            self._calls = aws.service(service)

        def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
            made.append(time.monotonic())
            return self._calls.call(operation, members)

    counted = replace(
        aws,
        ecs=Ecs(Counted("ecs"), application.cluster),
        ecr=Ecr(Counted("ecr")),
        elbv2=Elbv2(Counted("elbv2")),
        service=Counted,
    )
    began = ended = 0.0
    for event in shipway.deploy(application, environment="local", aws=counted):
        if isinstance(event, shipway.DeploymentFollowed):
            began = time.monotonic()
        if not isinstance(event, shipway.Ended):
            ended = time.monotonic()
    return sum(began <= moment <= ended for moment in made), ended - began
