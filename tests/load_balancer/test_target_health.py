"""Target health as a function of values: readings and the time in, changes out."""

from __future__ import annotations

import msgspec
import pytest

from shipway.load_balancer.state import LoadBalancerState
from shipway.load_balancer.target_health import (
    HealthReading,
    TargetChange,
    TargetDrained,
    TargetHealthChanged,
    TargetHealthPlan,
    plan_target_health,
)
from shipway.model.snapshot import REAL_TIME, Timing
from shipway.model.target import DRAINING, HEALTHY, INITIAL, UNHEALTHY, UNUSED, Target, deregistering
from tests.load_balancer.builders import a_listener, a_load_balancer, a_target, a_target_group, to_groups

GROUP = a_target_group(health_check_interval_s=10, unhealthy_threshold=3)
FAILED = HealthReading(state=UNHEALTHY, reason="Target.Timeout", description="Request timed out")
WELL = HealthReading(state=HEALTHY)
UNSEEN = HealthReading(state=INITIAL)
DRAINS = HealthReading(state=HEALTHY, draining=True)
BUSY = HealthReading(state=HEALTHY, draining=True, requests_active=2)


def plan(
    target: Target,
    reading: HealthReading | None,
    now_ms: int,
    in_use: bool = True,
    timing: Timing = REAL_TIME,
) -> TargetHealthPlan:
    web = a_load_balancer()
    state = LoadBalancerState(
        load_balancers=(web,),
        listeners=(a_listener(web, to_groups((GROUP, 1))),) if in_use else (),
        target_groups=(GROUP,),
        targets=(target,),
    )
    key = (target.target_group_arn, target.address, target.address_port)
    return plan_target_health(state, {} if reading is None else {key: reading}, now_ms, timing)


def shown(changes: tuple[TargetChange, ...]) -> list[str]:
    return [one_shown(change) for change in changes]


def one_shown(change: TargetChange) -> str:
    if isinstance(change, TargetDrained):
        return "drained"
    return f"{change.target.state} {change.target.reason}".strip()


def test_one_passed_check_makes_a_new_target_healthy() -> None:
    """And being healthy it has no reason."""
    assert shown(plan(a_target(GROUP), WELL, 1).changes) == ["healthy"]


def test_a_new_target_is_given_as_long_as_its_failing_checks_take() -> None:
    """Three failures ten seconds apart: unhealthy after thirty seconds; the plan says when to look."""
    early = plan(a_target(GROUP), FAILED, 29_999)
    assert shown(early.changes) == ["initial Elb.InitialHealthChecking"]
    assert early.look_again_at == 30_000
    late = plan(a_target(GROUP), FAILED, 30_000)
    assert shown(late.changes) == ["unhealthy Target.Timeout"]
    assert late.look_again_at is None


def test_patience_is_a_wait_that_speed_shortens() -> None:
    """The checks come ten times as often, so thirty seconds of them are three."""
    early = plan(a_target(GROUP), FAILED, 2_999, timing=Timing().at_speed(10))
    assert early.look_again_at == 3_000
    late = plan(a_target(GROUP), FAILED, 3_000, timing=Timing().at_speed(10))
    assert shown(late.changes) == ["unhealthy Target.Timeout"]


def test_a_healthy_target_that_fails_is_unhealthy_at_once() -> None:
    """Envoy has already counted the failures; the reason is one that an operator can read."""
    (change,) = plan(a_target(GROUP, state=HEALTHY, reason="", description=""), FAILED, 5).changes
    assert isinstance(change, TargetHealthChanged)
    assert (change.target.state, change.target.state_since) == (UNHEALTHY, 5)
    assert change.reason == "Target 127.0.0.1:8080 is unhealthy: Request timed out."


@pytest.mark.parametrize("reading", [None, UNSEEN])
@pytest.mark.parametrize("state", [HEALTHY, UNHEALTHY])
def test_what_envoy_does_not_know_stays_as_it_was(state: str, reading: HealthReading | None) -> None:
    """An Envoy that was just restarted makes nobody unhealthy."""
    target = a_target(GROUP, state=state, reason="", description="")
    assert plan(target, reading, 5).changes == ()


def test_the_second_look_changes_nothing() -> None:
    """A plan applied and made again is empty."""
    (change,) = plan(a_target(GROUP), WELL, 1).changes
    assert plan(change.target, WELL, 2).changes == ()


def test_targets_of_a_group_not_in_use_are_unused() -> None:
    """Until a listener names the group: then they are checked from the beginning."""
    (change,) = plan(a_target(GROUP, state=HEALTHY), None, 7, in_use=False).changes
    assert (change.target.state, change.target.reason) == (UNUSED, "Target.NotInUse")
    (again,) = plan(change.target, None, 9).changes
    assert (again.target.state, again.target.state_since) == (INITIAL, 9)


def a_draining_target() -> Target:
    return deregistering(a_target(GROUP, state=HEALTHY), delay_ms=60_000, now_ms=0)


@pytest.mark.parametrize(
    ("reading", "now_ms", "expected"),
    [
        (BUSY, 59_999, []),  # a request is in flight
        (BUSY, 60_000, ["drained"]),  # it has had its time
        (DRAINS, 999, []),  # Envoy's threads may not all know yet
        (DRAINS, 1_000, ["drained"]),  # nobody is waiting for it
        (WELL, 1_000, []),  # Envoy does not know yet
        (WELL, 60_000, []),  # ... and as long as it does not, the task must not be stopped
        (None, 1_000, []),  # out of Envoy, but what is in flight cannot be counted
        (None, 60_000, ["drained"]),
    ],
)
def test_a_draining_target_goes_when_nobody_needs_it(
    reading: HealthReading | None, now_ms: int, expected: list[str]
) -> None:
    """At the end of its delay, or sooner when no request is in flight."""
    planned = plan(a_draining_target(), reading, now_ms)
    assert shown(planned.changes) == expected
    assert (planned.look_again_at is None) == bool(expected)


def test_deregistering_twice_does_not_start_the_delay_again() -> None:
    """The first moment counts."""
    target = a_draining_target()
    assert deregistering(target, 60_000, 30_000) is target
    assert target.state == DRAINING


def test_targets_of_a_deleted_group_go() -> None:
    """There is nothing left to drain from."""
    state = LoadBalancerState(targets=(a_target(GROUP),))
    assert shown(plan_target_health(state, {}, 0).changes) == ["drained"]


def test_the_changes_survive_the_record_file() -> None:
    """A target in any state is the same after being written and read."""
    for target in (a_target(GROUP), a_draining_target()):
        assert msgspec.json.decode(msgspec.json.encode(target), type=Target) == target
