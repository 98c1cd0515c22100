"""BLUE_GREEN, LINEAR and CANARY when all goes well: stage after stage, with the weights of each."""

from __future__ import annotations

import pytest

from shipway.model.service import DeploymentConfiguration
from shipway.model.traffic_shift import CanaryConfiguration, LinearConfiguration
from shipway.scheduler.shift.stages import steps_of
from shipway.scheduler.shift.weights import scaled
from tests.builders import PRODUCTION_RULE, TEST_RULE, a_rule, a_service, a_shifting_binding
from tests.scheduler.shift_world import ShiftWorld

MINUTE_MS = 60_000
CANARY = CanaryConfiguration(canary_percent=10.0, canary_bake_time_ms=10 * MINUTE_MS)
SETTLE_MS = 2_000


def deployed(world: ShiftWorld) -> ShiftWorld:
    """Its first deployment has succeeded, with revision 1."""
    world.come_up()
    world.wait(60 * MINUTE_MS)
    assert world.deployment(1).status == "SUCCESSFUL"
    world.said()
    world.told()
    return world


def test_a_first_deployment_has_no_blue() -> None:
    """Every stage is passed; green uses the configured target group and gets all traffic in one step."""
    world = ShiftWorld(a_service(2, strategy="CANARY", canary=CANARY))
    world.come_up()
    world.wait(MINUTE_MS)
    assert world.said() == [
        "shift from nothing",
        "deployment 1 registers in web",
        "stage PRE_SCALE_UP (production 0, test 0)",
        "stage SCALE_UP (production 0, test 0)",
        "stage POST_SCALE_UP (production 0, test 0)",
        "weights of test: other 0, web 100",
        "stage TEST_TRAFFIC_SHIFT (production 0, test 100)",
        "stage POST_TEST_TRAFFIC_SHIFT (production 0, test 100)",
        "stage PRE_PRODUCTION_TRAFFIC_SHIFT 1 (production 0, test 100)",
        "stage PRODUCTION_TRAFFIC_SHIFT 1 (production 100, test 100)",
        "stage POST_PRODUCTION_TRAFFIC_SHIFT (production 100, test 100)",
        "stage BAKE_TIME (production 100, test 100)",
        "stage CLEAN_UP (production 100, test 0)",
    ]
    assert world.told()[-2:] == [
        "(deployment ecs-svc/1) deployment completed.",
        "has reached a steady state.",
    ]


def test_blue_green_shifts_everything_at_once() -> None:
    """Green runs in full beside blue before it gets any traffic; blue runs on through the bake time."""
    world = deployed(ShiftWorld(a_service(3, strategy="BLUE_GREEN", bake_time_ms=5 * MINUTE_MS)))
    world.update()
    world.settle()
    assert world.said() == [
        "shift from 1",
        "deployment 2 registers in other",
        "stage PRE_SCALE_UP (production 0, test 0)",
        "stage SCALE_UP (production 0, test 0)",
    ]
    assert (world.counts(), world.traffic()) == ({1: 3, 2: 3}, {"web": 1, "other": 0})
    world.run(world.live(2)[:2])
    world.settle()
    assert world.said() == []
    world.come_up()
    world.wait(2 * SETTLE_MS)
    assert world.said() == [
        "stage POST_SCALE_UP (production 0, test 0)",
        "weights of test: web 0, other 100",
        "stage TEST_TRAFFIC_SHIFT (production 0, test 100)",
        "stage POST_TEST_TRAFFIC_SHIFT (production 0, test 100)",
        "stage PRE_PRODUCTION_TRAFFIC_SHIFT 1 (production 0, test 100)",
        "weights of production: web 0, other 100",
        "stage PRODUCTION_TRAFFIC_SHIFT 1 (production 100, test 100)",
        "stage POST_PRODUCTION_TRAFFIC_SHIFT (production 100, test 100)",
        "stage BAKE_TIME (production 100, test 100)",
    ]
    world.wait(5 * MINUTE_MS - 1)
    assert (world.said(), world.counts()) == ([], {1: 3, 2: 3})
    world.wait(1)
    assert (world.said(), world.counts()) == (["stage CLEAN_UP (production 100, test 0)"], {2: 3})
    assert world.deployment(2).status == "IN_PROGRESS"
    world.told()
    world.come_up()
    assert world.told() == ["(deployment ecs-svc/2) deployment completed.", "has reached a steady state."]
    assert (world.deployment(2).status, world.revision(2).rollout_state) == ("SUCCESSFUL", "COMPLETED")


def test_canary_waits_between_its_two_steps() -> None:
    """A tenth first; the rest when the canary's bake time is over."""
    world = deployed(ShiftWorld(a_service(2, strategy="CANARY", canary=CANARY)))
    world.update()
    world.come_up()
    world.wait(SETTLE_MS)
    assert world.traffic() == {"web": 90, "other": 10}
    world.wait(10 * MINUTE_MS - 1)
    assert world.traffic() == {"web": 90, "other": 10}
    world.wait(1)
    assert world.traffic() == {"web": 0, "other": 100}


def test_linear_goes_step_by_step() -> None:
    """The wait follows every step but the last, which takes what is left; a hook stage precedes each."""
    linear = LinearConfiguration(step_percent=40.0, step_bake_time_ms=MINUTE_MS)
    world = deployed(ShiftWorld(a_service(1, strategy="LINEAR", linear=linear)))
    world.update()
    world.come_up()
    world.wait(10 * MINUTE_MS)
    assert [line for line in world.said() if "PRODUCTION" in line or line.startswith("weights of pro")] == [
        "stage PRE_PRODUCTION_TRAFFIC_SHIFT 1 (production 0, test 100)",
        "weights of production: web 60, other 40",
        "stage PRODUCTION_TRAFFIC_SHIFT 1 (production 40, test 100)",
        "stage PRE_PRODUCTION_TRAFFIC_SHIFT 2 (production 40, test 100)",
        "weights of production: web 20, other 80",
        "stage PRODUCTION_TRAFFIC_SHIFT 2 (production 80, test 100)",
        "stage PRE_PRODUCTION_TRAFFIC_SHIFT 3 (production 80, test 100)",
        "weights of production: web 0, other 100",
        "stage PRODUCTION_TRAFFIC_SHIFT 3 (production 100, test 100)",
        "stage POST_PRODUCTION_TRAFFIC_SHIFT (production 100, test 100)",
    ]


def test_ten_steps_of_ten_percent_take_nine_waits() -> None:
    """Steps of 10 % are ten; odd ones end at 100 too, and never drift from their tenths."""
    steps, wait_ms = steps_of(DeploymentConfiguration(strategy="LINEAR", linear=LinearConfiguration()))
    assert (len(steps), steps[:2], steps[-1], wait_ms) == (10, (10.0, 20.0), 100.0, 6 * MINUTE_MS)
    odd = DeploymentConfiguration(strategy="LINEAR", linear=LinearConfiguration(step_percent=33.3))
    assert steps_of(odd)[0] == (33.3, 66.6, 99.9, 100.0)
    whole = DeploymentConfiguration(strategy="CANARY", canary=CanaryConfiguration(canary_percent=100.0))
    assert steps_of(whole)[0] == (100.0,)


@pytest.mark.parametrize(
    ("percent", "weights"),
    [(0, (0, 100)), (10, (10, 90)), (0.1, (1, 999)), (33.3, (333, 667)), (99.9, (999, 1)), (100, (100, 0))],
)
def test_fractions_are_scaled_to_whole_weights(percent: float, weights: tuple[int, int]) -> None:
    """A rule takes whole numbers up to 999."""
    assert scaled(percent) == weights


def test_the_target_groups_swap_roles() -> None:
    """Each deployment takes the group that the one before does not use."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    for number, group in ((2, "other"), (3, "web"), (4, "other")):
        world.update()
        world.come_up()
        world.wait(MINUTE_MS)
        world.come_up()
        assert world.deployment(number).status == "SUCCESSFUL"
        assert {name for name, weight in world.traffic().items() if weight} == {group}
        assert f"deployment {number} registers in {group}" in world.said()


def test_without_a_load_balancer_the_stages_are_passed() -> None:
    """A headless service shifts nothing, and ends like the others."""
    world = deployed(ShiftWorld(a_service(2, strategy="BLUE_GREEN"), load_balancers=()))
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    world.come_up()
    assert (world.deployment(2).status, world.counts()) == ("SUCCESSFUL", {2: 2})
    assert not [line for line in world.said() if line.startswith("weights")]


def test_one_rule_with_both_groups_needs_no_test_rule() -> None:
    """Without a test listener the test stages are passed without traffic."""
    rules = (a_rule(PRODUCTION_RULE, web=1, other=0),)
    binding = a_shifting_binding(testListenerRule=None)
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN"), rules=rules, load_balancers=(binding,)))
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    assert [line for line in world.said() if line.startswith("weights")] == [
        "weights of production: web 0, other 100"
    ]


def test_more_than_one_source_is_reconciled_first() -> None:
    """With several revisions out, all but blue go before green starts."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN")))
    world.update()
    world.come_up()
    world.update()
    world.settle()
    assert world.counts() == {1: 1}
    assert world.said()[-3:] == [
        "shift from 1",
        "deployment 3 registers in other",
        "stage RECONCILE_SERVICE (production 0, test 0)",
    ]
    world.end_stopping()
    world.settle()
    assert world.said() == [
        "stage PRE_SCALE_UP (production 0, test 0)",
        "stage SCALE_UP (production 0, test 0)",
    ]


def test_a_scale_out_reaches_both_revisions() -> None:
    """Traffic waits until green has its new count as well; a scale-in waits for the deployment's end."""
    world = deployed(ShiftWorld(a_service(2, strategy="CANARY", canary=CANARY)))
    world.update()
    world.come_up()
    world.wait(SETTLE_MS)
    world.scale(3)
    world.settle()
    assert world.counts() == {1: 3, 2: 3}
    world.wait(11 * MINUTE_MS)
    assert world.traffic() == {"web": 90, "other": 10}
    world.come_up()
    assert world.traffic() == {"web": 0, "other": 100}
    world.scale(1)
    world.settle()
    assert world.counts() == {1: 3, 2: 3}
    world.wait(MINUTE_MS)
    world.come_up()
    assert (world.deployment(2).status, world.counts()) == ("SUCCESSFUL", {2: 1})


def test_a_task_of_blue_that_dies_is_replaced_on_blue() -> None:
    """Both revisions keep their counts while traffic is shifted."""
    world = deployed(ShiftWorld(a_service(2, strategy="CANARY", canary=CANARY)))
    world.update()
    world.come_up()
    world.wait(SETTLE_MS)
    world.crash(world.live(1)[0])
    world.crash(world.live(2)[0])
    world.settle()
    assert world.counts() == {1: 2, 2: 2}


def test_protected_tasks_of_blue_hold_the_clean_up() -> None:
    """They are not stopped; an event says what the deployment waits for."""
    world = deployed(ShiftWorld(a_service(2, strategy="BLUE_GREEN")))
    world.report(world.live(1)[0], protected_until=world.now_ms + 60 * MINUTE_MS)
    world.update()
    world.come_up()
    world.wait(MINUTE_MS)
    world.come_up()
    assert (world.shift.stage, world.counts()) == ("CLEAN_UP", {1: 1, 2: 2})
    assert any("tasks under protection" in message for message in world.told())
    world.wait(60 * MINUTE_MS)
    world.come_up()
    assert (world.deployment(2).status, world.counts()) == ("SUCCESSFUL", {2: 2})


def test_a_sped_up_clock_gives_the_load_balancer_its_moment() -> None:
    """However short the waits are made, a shift stage lasts a quarter of a second."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN"), timing={"weights_settle_ms": 1}))
    world.update()
    world.come_up()
    assert world.shift.stage == "TEST_TRAFFIC_SHIFT"
    world.wait(249)
    assert world.shift.stage == "TEST_TRAFFIC_SHIFT"
    world.wait(1)
    assert world.shift.stage == "PRODUCTION_TRAFFIC_SHIFT"


def test_the_strategy_stored_at_the_start_governs() -> None:
    """A change of strategy in the middle concerns the next deployment."""
    world = deployed(ShiftWorld(a_service(1, strategy="BLUE_GREEN", bake_time_ms=MINUTE_MS)))
    world.update()
    world.come_up()
    world.service = a_service(
        1,
        revision_arn=world.service.revision_arn,
        service_deployment_arn=world.service.service_deployment_arn,
    )
    world.wait(2 * MINUTE_MS)
    assert "stage CLEAN_UP (production 100, test 0)" in world.said()
    world.come_up()
    assert world.deployment(2).status == "SUCCESSFUL"
    assert world.traffic(TEST_RULE) == {"other": 100, "web": 0}
