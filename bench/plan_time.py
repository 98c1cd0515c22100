"""What `shipway plan` costs when nothing changes: the whole command's time, and the calls that it makes."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.measure import Figure, median

ROUNDS = 5
CALLS_MAX = 8
SECONDS_MAX = 1.2
FILE = """\
name: bench-plan
cluster: bench-plan
task_definition:
  containerDefinitions:
    - {name: web, image: busybox:stable, memory: 16, command: [sleep, "3600"]}
service: {desiredCount: 1}
"""


def measure(shipway: str) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="shipway-bench-") as folder:
        file = Path(folder) / "shipway.yml"
        file.write_text(FILE)
        target = ("-e", "local", "-c", str(file))
        subprocess.run([shipway, "deploy", *target], check=True, capture_output=True)
        took = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            # Exit code 0: no changes, else this would measure something else.
            subprocess.run([shipway, "plan", *target], check=True, capture_output=True)
            took.append(time.perf_counter() - started)
        calls = calls_of_a_plan(file)
    seconds = median(took)
    return [
        Figure(
            f"shipway plan, no change, median of {ROUNDS}",
            f"{seconds:.2f} s",
            "",
            "",
            f"under {SECONDS_MAX} s",
            seconds < SECONDS_MAX,
        ),
        Figure("calls of that plan", str(calls), "", "", f"at most {CALLS_MAX}", calls <= CALLS_MAX),
    ]


def calls_of_a_plan(file: Path) -> int:
    from shipway.deploy.application.reading import read_application
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.edge.aws import Where, open_aws
    from shipway.deploy.edge.ecr import Ecr
    from shipway.deploy.edge.ecs import Ecs
    from shipway.deploy.edge.elbv2 import Elbv2
    from shipway.deploy.plan import plan_application

    application = read_application(file, "local")
    aws = open_aws(Where("local"), application.cluster)
    made: list[str] = []

    class Counted:
        def __init__(self, service: str) -> None:
            self._calls = aws.service(service)

        def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
            made.append(operation)
            return self._calls.call(operation, members)

    counted = replace(
        aws,
        ecs=Ecs(Counted("ecs"), application.cluster),
        ecr=Ecr(Counted("ecr")),
        elbv2=Elbv2(Counted("elbv2")),
        service=Counted,
    )
    plan_application(application, counted, DeployOptions())
    return len(made)
