"""The verbs that steer a service, by command line, on a real local ECS."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.end_to_end.local_ecs import COMMAND_LIMIT_S, Document, LocalEcs
from tests.end_to_end.pages import web_container
from tests.end_to_end.shifting import crossing, newest_deployment

pytestmark = pytest.mark.docker

PAUSE = {
    "targetType": "PAUSE",
    "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
    "timeoutConfiguration": {"timeoutInMinutes": 5, "action": "ROLLBACK"},
}
CANARY: dict[str, Any] = {
    "strategy": "CANARY",
    "canaryConfiguration": {"canaryPercent": 25.0, "canaryBakeTimeInMinutes": 0},
    "lifecycleHooks": [PAUSE],
}


def verb(local: LocalEcs, service: str, *arguments: str) -> tuple[int, Document, str]:
    """Exit code, the document on stdout, and what was told on the way."""
    given = [arguments[0], "-e", "local", "-s", f"default/{service}", "-o", "json", *arguments[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "shipway.cli.main", *given],
        env=local.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_S,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_canary_must_be_steered_by_its_verbs(local: LocalEcs) -> None:
    """Paused at each step, approved to the end; then one is rejected, and one is called off."""
    between = crossing(local, "steered", 8140)
    between.service("steered", local.register("steered", web_container("1")))
    local.ecs.update_service(service="steered", deploymentConfiguration=CANARY)

    code, paused, told = verb(local, "steered", "deploy", "--force")
    assert (code, paused["verdict"]) == (5, "paused"), told
    assert "`shipway approve -e local -s default/steered`" in paused["sentence"]
    hook = newest_deployment(local, "steered")["lifecycleHookDetails"][-1]["hookId"]
    assert f"hook {hook}" in paused["sentence"]
    shown = local.shipway("status", "-e", "local", "-s", "default/steered")
    assert "  production traffic: 0 % to steered:1\n" in shown, shown
    assert f"  hook {hook} waits for an answer; without one ECS will ROLLBACK at " in shown

    code, again, told = verb(local, "steered", "approve")
    assert (code, again["verdict"]) == (5, "paused"), told
    assert hook not in again["sentence"]
    assert "production traffic: 25 % to steered:1" in told
    code, done, told = verb(local, "steered", "approve")
    assert (code, done["verdict"]) == (0, "deployed"), told
    assert "production traffic: 100 % to steered:1" in told

    assert verb(local, "steered", "deploy", "--force")[0] == 5
    code, rejected, told = verb(local, "steered", "reject")
    assert (code, rejected["verdict"]) == (0, "rolled back"), told
    assert newest_deployment(local, "steered")["status"] == "ROLLBACK_SUCCESSFUL"

    assert verb(local, "steered", "deploy", "--force")[0] == 5
    code, cancelled, told = verb(local, "steered", "cancel")
    assert (code, cancelled["verdict"]) == (0, "rolled back"), told
    code, refused, _ = verb(local, "steered", "cancel")
    assert (code, refused["verdict"]) == (1, "error")
    assert "No deployment of steered is under way" in refused["sentence"]
    local.ecs.delete_service(service="steered", force=True)


def test_a_service_must_be_scaled_restarted_and_waited_for(local: LocalEcs) -> None:
    """Real tasks come and go; a deployment begun by somebody else is followed by its ARN."""
    definition = local.register("adjusted", {**web_container("1"), "portMappings": []})
    local.ecs.create_service(serviceName="adjusted", taskDefinition=definition, desiredCount=1)
    code, waited, told = verb(local, "adjusted", "wait")
    assert (code, waited["verdict"]) == (0, "deployed"), told
    code, scaled, told = verb(local, "adjusted", "scale", "3")
    assert (code, scaled["sentence"]) == (0, "3 tasks are running; the revision is the same."), told
    before = {task["taskArn"] for task in local.service_tasks("adjusted")}
    code, restarted, told = verb(local, "adjusted", "restart")
    assert (code, restarted["verdict"]) == (0, "deployed"), told
    after = {task["taskArn"] for task in local.stable("adjusted")}
    assert (len(after), before & after) == (3, set())
    local.ecs.update_service(service="adjusted", forceNewDeployment=True)
    arn = newest_deployment(local, "adjusted")["serviceDeploymentArn"]
    assert verb(local, "elsewhere", "wait", arn)[1]["serviceDeploymentArn"] == arn
    shown = local.shipway("history", "-e", "local", "-s", "default/adjusted", "-n", "2")
    assert shown.count("  adjusted:1  SUCCESSFUL in ") == 2
    shown = local.shipway("tasks", "-e", "local", "-s", "default/adjusted")
    assert shown.count("\n  web RUNNING") == 3
    shown = local.shipway("events", "-e", "local", "-s", "default/adjusted")
    assert "UTC (service adjusted) has reached a steady state.\n" in shown
    local.register("adjusted", web_container("2"))
    code, pruned, _ = verb(local, "adjusted", "prune", "--keep", "0", "--yes")
    assert (code, list(pruned["kept"].values())) == (0, ["service adjusted uses it"])
    assert [arn.split("/")[-1] for arn in pruned["removed"]] == ["adjusted:2"]
    code, refused, _ = verb(local, "adjusted", "deregister", definition)
    assert (code, refused["verdict"]) == (1, "error")
    code, scaled, _ = verb(local, "adjusted", "scale", "0")
    assert (code, local.service_tasks("adjusted")) == (0, [])
    local.ecs.delete_service(service="adjusted", force=True)
