"""Traffic that is really shifted: weights that Envoy keeps to, pauses, functions of hooks, rollbacks."""

from __future__ import annotations

import threading

import pytest

from tests.end_to_end.local_ecs import Document, LocalEcs, eventually, fetch
from tests.end_to_end.pages import Readers, web_container
from tests.end_to_end.shifting import crossing, deployment_until, hook_function, newest_deployment

pytestmark = pytest.mark.docker

SAMPLE = 600
TENTH = (0.05, 0.16)  # of 600 requests; each is more than four standard deviations away from a tenth


def test_a_canary_must_get_its_share_and_cost_no_request(local: LocalEcs) -> None:
    """A tenth of the answers are green's while the second step is paused; then all of them are."""
    between = crossing(local, "canary", 8110)
    between.service("canary", local.register("canary", web_container("1")))
    second = local.register("canary", web_container("2"))
    pause = {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}
    with Readers(between.url) as readers:
        local.ecs.update_service(
            service="canary",
            taskDefinition=second,
            deploymentConfiguration={
                "strategy": "CANARY",
                "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 0},
                "lifecycleHooks": [pause],
            },
        )
        go_on(local, "canary", step=1)
        assert readers.seen == {"1"}
        deployment = wait_for_pause(local, "canary", step=2)
        assert deployment["targetServiceRevision"]["requestedProductionTrafficWeight"] == 10.0
        before = readers.pages.copy()
        eventually(
            "enough answers came", lambda: readers.pages.total() - before.total(), lambda n: n >= SAMPLE
        )
        share = (readers.pages - before)["2"] / (readers.pages - before).total()
        go_on(local, "canary", step=2)
        deployment_until(local, "canary", lambda d: d["status"] == "SUCCESSFUL")
        tail = readers.pages.copy()
        eventually("some answers came", lambda: readers.pages.total() - tail.total(), lambda n: n >= 60)
        assert set(readers.pages - tail) == {"2"}
    assert readers.failures == []
    assert TENTH[0] <= share <= TENTH[1]
    assert {task["taskDefinitionArn"].split("/")[-1] for task in local.service_tasks("canary")} == {second}
    local.ecs.delete_service(service="canary", force=True)


def wait_for_pause(local: LocalEcs, service: str, step: int) -> Document:
    """Every step has a pause of its own."""

    def is_paused(deployment: Document) -> bool:
        hooks = deployment.get("lifecycleHookDetails", [])
        return len(hooks) == step and hooks[-1]["status"] == "AWAITING_ACTION"

    return deployment_until(local, service, is_paused)


def go_on(local: LocalEcs, service: str, step: int) -> None:
    deployment = wait_for_pause(local, service, step)
    local.ecs.continue_service_deployment(
        serviceDeploymentArn=deployment["serviceDeploymentArn"],
        hookId=deployment["lifecycleHookDetails"][-1]["hookId"],
    )


def test_a_hook_that_fails_must_roll_back_before_anybody_saw_green(local: LocalEcs) -> None:
    """The function tries green behind the test rule, and refuses it: production never leaves blue."""
    between = crossing(local, "refused", 8120)
    between.service("refused", local.register("refused", web_container("1")))
    second = local.register("refused", web_container("2"))
    tried: list[str] = []

    def refuse(payload: Document) -> Document:
        tried.append(fetch(between.test_url).strip())
        return {"hookStatus": "FAILED"}

    with hook_function(refuse) as function, Readers(between.url) as readers:
        hook = {"hookTargetArn": function.address, "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}
        local.ecs.update_service(
            service="refused", taskDefinition=second, deploymentConfiguration={"lifecycleHooks": [hook]}
        )
        deployment = deployment_until(
            local, "refused", lambda d: d["status"].startswith("ROLLBACK_") and "finishedAt" in d
        )
        payload = function.calls.get(timeout=10)
    assert deployment["status"] == "ROLLBACK_SUCCESSFUL"
    assert deployment["statusReason"] == (
        "Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. "
        f"Lifecycle hook target {function.address} returned FAILED status."
    )
    assert (tried, readers.seen, readers.failures) == (["2"], {"1"}, [])
    assert payload["resourceArn"] == deployment["serviceDeploymentArn"]
    eventually("the test rule is blue's", lambda: fetch(between.test_url).strip(), lambda page: page == "1")
    assert len(local.stable("refused")) == 2
    local.ecs.delete_service(service="refused", force=True)


def test_a_hook_must_be_asked_again_after_a_kill(victim: LocalEcs) -> None:
    """Killed while a function is thinking: it is asked once more about the same execution, and believed."""
    between = crossing(victim, "asked", 8130)
    definition = victim.register("asked", web_container("1"))
    between.service("asked", definition)
    thinking, over = threading.Event(), threading.Event()

    def think(payload: Document) -> Document:
        if not thinking.is_set():
            thinking.set()
            over.wait(60)
        return {"hookStatus": "SUCCEEDED"}

    with hook_function(think) as function:
        functions = victim.folder.path / "functions.json"
        functions.write_text(f'{{"check": "{function.address}"}}')
        arn = "arn:aws:lambda:us-east-1:000000000000:function:check:live"
        hook = {"hookTargetArn": arn, "lifecycleStages": ["POST_SCALE_UP"]}
        victim.ecs.update_service(
            service="asked", forceNewDeployment=True, deploymentConfiguration={"lifecycleHooks": [hook]}
        )
        first = function.calls.get(timeout=60)
        victim.kill_control_plane()
        victim.up()
        second = function.calls.get(timeout=60)
        over.set()
        deployment_until(victim, "asked", lambda d: d["status"] == "SUCCESSFUL")
    assert first == second
    (details,) = newest_deployment(victim, "asked")["lifecycleHookDetails"]
    assert (details["status"], details["targetArn"]) == ("SUCCEEDED", arn)
    victim.ecs.delete_service(service="asked", force=True)
