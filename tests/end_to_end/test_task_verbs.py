"""`run`, `logs` and `stop` by command line, on real containers."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.end_to_end.local_ecs import COMMAND_LIMIT_S, LocalEcs

pytestmark = pytest.mark.docker

PLACE = ("-e", "local", "--cluster", "default")


def verb(local: LocalEcs, name: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "shipway.cli.main", name, *PLACE, *arguments],
        env=local.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_run_must_tell_all_containers_lines_and_end_with_the_essential_ones_code(local: LocalEcs) -> None:
    """Sidecars are told by their names, and their codes do not count; a size is overridden."""
    definition = local.register(
        "runs",
        {"name": "side", "essential": False, "command": ["sh", "-c", "echo beside; exit 9"]},
        {
            "name": "main",
            "dependsOn": [{"containerName": "side", "condition": "COMPLETE"}],
            "command": ["sh", "-c", "echo at work; exit 7"],
        },
    )
    code, out, told = verb(local, "run", "--task-definition", definition, "--memory", "96")
    assert code == 7, told
    assert out.splitlines() == ["side | beside", "main | at work"]
    assert "see it: `shipway logs -e local --cluster default --task " in told
    [task] = local.ecs.describe_tasks(tasks=[task_named_in(told)])["tasks"]
    assert {"name": "main", "memory": 96} in task["overrides"]["containerOverrides"]


def test_a_detached_task_must_be_seen_and_stopped_from_elsewhere(local: LocalEcs) -> None:
    """Its log is followed to the end that `stop` gives it."""
    script = "trap 'echo told to go; exit 0' TERM; echo here; n=0; while :; do sleep 1; done"
    definition = local.register("detached", {"name": "main", "command": ["sh", "-c", script]})
    code, out, told = verb(local, "run", "--task-definition", definition, "--detach", "-o", "json")
    assert code == 0, told
    arn = json.loads(out)["tasks"][0]["taskArn"]
    local.until(arn, lambda task: task["lastStatus"] == "RUNNING")
    local.lines("/ecs/detached", bool)
    assert verb(local, "stop", arn.split("/")[-1][:8])[0] == 0
    code, out, told = verb(local, "logs", "--task", arn.split("/")[-1][:8], "--follow")
    name = f"main/{arn.split('/')[-1][:8]}"
    assert (code, out.splitlines()) == (0, [f"{name} | here", f"{name} | told to go"]), told
    assert verb(local, "logs", "--task", arn, "--grep", "^told")[1] == f"{name} | told to go\n"
    assert verb(local, "logs", "--task", arn, "--until", "1h")[1] == ""


def task_named_in(told: str) -> str:
    return told.partition("--task ")[2].partition(" ")[0]
