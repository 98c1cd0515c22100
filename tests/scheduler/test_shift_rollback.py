"""Rollback of a traffic-shifting deployment, from every stage and for every cause."""

from __future__ import annotations

import pytest

from shipway.model.service import DeploymentAlarms
from shipway.model.traffic_shift import FAILED, CanaryConfiguration
from tests.builders import PRODUCTION_RULE, TEST_RULE, a_breaker, a_hook, a_pause, a_rule, a_service
from tests.scheduler.shift_world import ShiftWorld
from tests.scheduler.test_shift_stages import CANARY, MINUTE_MS, SETTLE_MS, deployed

HOOK = "arn:aws:lambda:us-east-1:000000000000:function:check"
FAILED_STATUS = f"Lifecycle hook target {HOOK} returned FAILED status."


def at_stage(stage: str) -> ShiftWorld:
    """A second deployment that waits at a hook of this stage."""
    world = deployed(ShiftWorld(a_service(2, strategy="CANARY", canary=CANARY)))
    world.deploy(lifecycle_hooks=(a_hook(stage),))
    world.come_up()
    world.wait(SETTLE_MS)
    assert world.open_runs
    world.said()
    world.told()
    return world


STAGES_BACK = {
    "PRE_SCALE_UP": ["stage CLEAN_UP of the rollback (production 0, test 0)"],
    "POST_SCALE_UP": ["stage CLEAN_UP of the rollback (production 0, test 0)"],
    "POST_TEST_TRAFFIC_SHIFT": [
        "weights of test: web 100, other 0",
        "stage TEST_TRAFFIC_SHIFT of the rollback (production 0, test 0)",
        "stage CLEAN_UP of the rollback (production 0, test 0)",
    ],
    "PRODUCTION_TRAFFIC_SHIFT": [
        "weights of production: web 100, other 0",
        "stage PRODUCTION_TRAFFIC_SHIFT of the rollback (production 0, test 100, hooks 1)",
        "weights of test: web 100, other 0",
        "stage TEST_TRAFFIC_SHIFT of the rollback (production 0, test 0)",
        "stage CLEAN_UP of the rollback (production 0, test 0)",
    ],
}


@pytest.mark.parametrize("stage", STAGES_BACK)
def test_a_failed_hook_rolls_back_from_its_stage(stage: str) -> None:
    """Weights return in one step, production first; what was never shifted is not shifted back."""
    world = at_stage(stage)
    world.answer(world.open_runs[0], FAILED)
    world.settle()
    why = f"Service deployment rolled back because {stage} lifecycle hook(s) failed. {FAILED_STATUS}"
    assert world.told()[:2] == [
        f"(deployment ecs-svc/2) deployment failed: {why}",
        "rolling back to deployment ecs-svc/1.",
    ]
    for run in world.open_runs:
        world.answer(run)
    world.wait(MINUTE_MS)
    world.come_up()
    deployment = world.deployment(2)
    assert (deployment.status, deployment.status_reason) == ("ROLLBACK_SUCCESSFUL", why)
    assert (world.counts(), world.traffic()["other"]) == ({1: 2}, 0)
    assert (world.revision(2).rollout_state, world.revision(1).rollout_state) == ("FAILED", "COMPLETED")
    assert world.service.revision_arn == world.revision(1).service_revision_arn


@pytest.mark.parametrize("stage", STAGES_BACK)
def test_the_way_back_has_its_stages(stage: str) -> None:
    """The shift stages that were passed are passed again in favour of blue, with their hooks."""
    world = at_stage(stage)
    world.ask("ROLLBACK_REQUESTED")
    world.settle()
    for run in world.open_runs:
        assert run.backwards and run.stage == "PRODUCTION_TRAFFIC_SHIFT"
        world.answer(run)
    world.wait(MINUTE_MS)
    lines = [line for line in world.said() if not line.startswith("hook")]
    assert lines == STAGES_BACK[stage]


def test_a_hook_that_fails_on_the_way_back_is_told_only() -> None:
    """There is nothing left to roll back to."""
    world = at_stage("PRODUCTION_TRAFFIC_SHIFT")
    world.ask("ROLLBACK_REQUESTED")
    world.settle()
    world.answer(world.open_runs[0], FAILED)
    world.wait(MINUTE_MS)
    world.come_up()
    assert world.deployment(2).status == "ROLLBACK_SUCCESSFUL"


def test_the_circuit_breaker_guards_scale_up() -> None:
    """Blue never notices: no traffic had been shifted."""
    world = deployed(ShiftWorld(a_service(2, strategy="BLUE_GREEN", breaker=a_breaker())))
    world.update()
    for _ in range(3):
        world.settle()
        world.wait(MINUTE_MS)
        world.fail_to_start(world.live(2)[0])
    world.come_up()
    assert world.told()[-5:] == [
        "(deployment ecs-svc/2) deployment failed: tasks failed to start.",
        "rolling back to deployment ecs-svc/1.",
        "stopped 1 pending tasks.",
        "(deployment ecs-svc/1) deployment completed.",
        "has reached a steady state.",
    ]
    deployment = world.deployment(2)
    assert (deployment.status, deployment.status_reason) == (
        "ROLLBACK_SUCCESSFUL",
        "Service deployment rolled back because the circuit breaker threshold was exceeded.",
    )
    assert (world.counts(), world.traffic()) == ({1: 2}, {"web": 1, "other": 0})


def test_without_rollback_both_revisions_stay() -> None:
    """The circuit breaker without rollback: green is FAILED and starts nothing, blue goes on serving."""
    world = deployed(ShiftWorld(a_service(2, strategy="BLUE_GREEN", breaker=a_breaker(rollback=False))))
    world.update()
    for _ in range(3):
        world.settle()
        world.wait(MINUTE_MS)
        world.fail_to_start(world.live(2)[0])
    world.settle()
    assert (world.deployment(2).status, world.revision(2).rollout_state) == ("STOPPED", "FAILED")
    world.crash(world.live(1)[0])
    world.crash(world.live(2)[0])
    world.come_up()
    assert (world.counts(), world.traffic()) == ({1: 2}, {"web": 1, "other": 0})
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    world.come_up()
    assert (world.deployment(3).status, world.counts()) == ("SUCCESSFUL", {3: 2})


def test_alarms_are_watched_until_the_bake_time_is_over() -> None:
    """An alarm after the shift brings blue back at once."""
    alarms = DeploymentAlarms(enable=True, rollback=True, names=("errors",))
    world = deployed(
        ShiftWorld(a_service(2, strategy="BLUE_GREEN", alarms=alarms, bake_time_ms=10 * MINUTE_MS))
    )
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    assert (world.shift.stage, world.traffic()) == ("BAKE_TIME", {"web": 0, "other": 100})
    world.alarms = {"errors": "ALARM"}
    world.settle()
    assert world.traffic() == {"web": 100, "other": 0}
    assert world.told()[-2:] == [
        "(deployment ecs-svc/2) deployment failed: alarm detected.",
        "rolling back to deployment ecs-svc/1.",
    ]
    world.wait(MINUTE_MS)
    world.come_up()
    assert (world.deployment(2).status, world.counts()) == ("ROLLBACK_SUCCESSFUL", {1: 2})


def test_alarms_bake_for_a_while_when_nobody_says_how_long() -> None:
    """As after a rolling update."""
    alarms = DeploymentAlarms(enable=True, rollback=True, names=("errors",))
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN", alarms=alarms)))
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    assert world.shift.stage == "BAKE_TIME"
    world.wait(MINUTE_MS)
    assert world.shift.stage == "CLEAN_UP"


def test_a_half_shifted_deployment_that_failed_without_rollback_is_tidied_by_the_next() -> None:
    """An alarm without rollback leaves the weights as they are; the next deployment gives them back first."""
    alarms = DeploymentAlarms(enable=True, rollback=False, names=("errors",))
    world = deployed(ShiftWorld(a_service(1, strategy="CANARY", canary=CANARY, alarms=alarms)))
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    world.alarms = {"errors": "ALARM"}
    world.wait(MINUTE_MS)
    assert (world.deployment(2).status, world.traffic()) == ("STOPPED", {"web": 90, "other": 10})
    assert world.counts() == {1: 1, 2: 1}
    world.alarms = {}
    world.update()
    world.come_up()
    assert world.traffic() == {"web": 100, "other": 0}
    world.wait(20 * MINUTE_MS)
    world.come_up()
    assert (world.deployment(3).status, world.counts()) == ("SUCCESSFUL", {3: 1})


def test_a_first_deployment_has_nothing_to_go_back_to() -> None:
    """Its failure says so; its tasks stay."""
    world = ShiftWorld(a_service(1, strategy="BLUE_GREEN", hooks=(a_hook("POST_SCALE_UP"),)))
    world.come_up()
    world.answer(world.open_runs[0], FAILED)
    world.come_up()
    deployment = world.deployment(1)
    assert deployment.status == "ROLLBACK_FAILED"
    assert deployment.status_reason == (
        f"Service deployment rolled back because POST_SCALE_UP lifecycle hook(s) failed. {FAILED_STATUS}"
        " No rollback candidate was found to run the rollback."
    )
    assert world.counts() == {1: 1}


def test_a_stage_may_not_last_for_ever() -> None:
    """24 hours a stage: green that never becomes healthy is given up."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.update()
    world.wait(24 * 60 * MINUTE_MS - 1)
    assert world.shift.stage == "SCALE_UP"
    world.wait(1)
    world.come_up()
    assert world.deployment(2).status_reason == "Service deployment rolled back because SCALE_UP timed out."
    assert (world.deployment(2).status, world.counts()) == ("ROLLBACK_SUCCESSFUL", {1: 1})


def test_a_day_of_baking_is_not_a_stage_that_lasts_too_long() -> None:
    """A canary may bake for exactly as long as a stage may last."""
    canary = CanaryConfiguration(canary_percent=10, canary_bake_time_ms=1440 * MINUTE_MS)
    world = deployed(ShiftWorld(a_service(1, strategy="CANARY", canary=canary)))
    world.deploy(bake_time_ms=1440 * MINUTE_MS)
    world.come_up()
    world.wait(1441 * MINUTE_MS)
    assert world.shift.stage == "BAKE_TIME"
    world.wait(1440 * MINUTE_MS)
    world.come_up()
    assert world.deployment(2).status == "SUCCESSFUL"


def test_who_asks_during_clean_up_is_too_late() -> None:
    """Blue is on its way out: the deployment succeeds."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    assert world.shift.stage == "CLEAN_UP"
    world.ask("ROLLBACK_REQUESTED")
    world.come_up()
    assert (world.deployment(2).status, world.counts()) == ("SUCCESSFUL", {2: 1})


def test_a_rollback_before_the_first_stage() -> None:
    """StopServiceDeployment on a deployment that is still PENDING."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.update()
    world.ask("ROLLBACK_REQUESTED")
    world.come_up()
    assert (world.deployment(2).status, world.counts()) == ("ROLLBACK_SUCCESSFUL", {1: 1})


def test_an_abort_leaves_everything_as_it_is() -> None:
    """Stopped, not rolled back."""
    world = at_stage("POST_SCALE_UP")
    world.ask("STOP_REQUESTED")
    world.come_up()
    assert (world.deployment(2).status, world.counts()) == ("STOPPED", {1: 2, 2: 2})


def test_traffic_returns_when_blue_can_bear_it() -> None:
    """Blue's tasks died meanwhile: green keeps its traffic until they are replaced."""
    world = at_stage("PRODUCTION_TRAFFIC_SHIFT")
    world.answer(world.open_runs[0])
    world.wait(11 * MINUTE_MS)
    assert world.traffic() == {"web": 0, "other": 100}
    for task in world.live(1):
        world.crash(task)
    world.ask("ROLLBACK_REQUESTED")
    world.settle()
    assert world.traffic() == {"web": 0, "other": 100}
    world.wait(MINUTE_MS)
    world.run()
    world.settle()
    assert world.traffic() == {"web": 100, "other": 0}


def test_a_pause_that_was_answered_with_rollback() -> None:
    """ContinueServiceDeployment(ROLLBACK)."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.deploy(lifecycle_hooks=(a_pause("PRE_SCALE_UP"),))
    world.settle()
    world.answer(world.open_runs[0], FAILED)
    world.come_up()
    assert world.deployment(2).status_reason == (
        "Service deployment rolled back because PRE_SCALE_UP pause hook was answered with ROLLBACK."
    )
    assert world.deployment(2).status == "ROLLBACK_SUCCESSFUL"


INVALID = "Service deployment rolled back because of invalid networking configuration:"


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ((a_rule(PRODUCTION_RULE, web=1),), "One or more rules not found"),
        (
            (a_rule(PRODUCTION_RULE, web=1), a_rule(TEST_RULE, web=1)),
            "Target group arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/other/"
            "0123456789abcdef is not associated with either productionListenerRule or testListenerRule.",
        ),
        (
            (a_rule(PRODUCTION_RULE, web=1, other=1), a_rule(TEST_RULE, other=1)),
            f"productionListenerRule {PRODUCTION_RULE} should have exactly one target group serving traffic"
            " but found 2 target groups which are serving traffic",
        ),
    ],
)
def test_rules_that_cannot_shift_fail_the_deployment(rules: tuple, text: str) -> None:  # type: ignore[type-arg]
    """Found when the deployment runs, before anything is started."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.put_rules(*rules)
    world.update()
    world.come_up()
    assert world.deployment(2).status_reason == f"{INVALID} {text}"
    assert (world.deployment(2).status, len(world.of(2))) == ("ROLLBACK_SUCCESSFUL", 0)
