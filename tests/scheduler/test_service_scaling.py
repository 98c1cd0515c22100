"""Service auto scaling: target tracking, steps, and what several policies come to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shipway.model.scaling import MetricQuery, ScalableTarget, Step, StepScaling, TargetTracking
from shipway.model.snapshot import Timing
from shipway.scheduler.scaling.decision import (
    Activity,
    Decision,
    ScalingSnapshot,
    activities_after,
    after_schedule,
    decide_scaling,
)
from shipway.scheduler.scaling.steps import adjusted
from tests.builders import START_MS

CPU = MetricQuery("AWS/ECS", "CPUUtilization")
HIGH = (96.0,) * 3
LOW = (10.0,) * 15
COOLDOWN_MS = 300_000


def cpu(name: str = "cpu", target: float = 50, **changes: Any) -> TargetTracking:
    return TargetTracking(name=name, metric=CPU, target=target, **changes)


def a_target(*policies: TargetTracking | StepScaling, **changes: Any) -> ScalableTarget:
    defaults: dict[str, Any] = {
        "cluster_name": "demo",
        "service_name": "web",
        "minimum": 1,
        "maximum": 10,
        "tracking": tuple(policy for policy in policies if isinstance(policy, TargetTracking)),
        "steps": tuple(policy for policy in policies if isinstance(policy, StepScaling)),
    }
    return ScalableTarget(**{**defaults, **changes})


def seen(target: ScalableTarget, count: int, **changes: Any) -> ScalingSnapshot:
    defaults: dict[str, Any] = {"now_ms": START_MS, "target": target, "desired": count, "running": count}
    return ScalingSnapshot(**{**defaults, **changes})


def test_out_in_proportion_after_three_high_periods() -> None:
    """Two tasks at 96 % with a target of 50 %: four. The reason is for whoever reads the log."""
    decision = decide_scaling(seen(a_target(cpu()), 2, datapoints={"cpu": HIGH}))
    assert decision == Decision(4, "cpu: 96 with 2 running tasks, the target is 50.", ("cpu",))


@pytest.mark.parametrize(
    "datapoints",
    [(96.0, 96.0), (40.0, 96.0, 96.0), (96.0, None, 96.0), (None, None, None), (50.0, 50.0, 50.0), ()],
)
def test_less_than_three_in_a_row_is_nothing(datapoints: tuple[float | None, ...]) -> None:
    """A gap breaks the row; the target itself is not above the target."""
    assert decide_scaling(seen(a_target(cpu()), 2, datapoints={"cpu": datapoints})).desired is None


def test_in_after_fifteen_low_periods() -> None:
    """By the highest of them; 90 % of the target is not low, and a gap means that nothing is known."""
    target = a_target(cpu())
    assert decide_scaling(seen(target, 8, datapoints={"cpu": LOW})).desired == 2
    peak = (10.0,) * 14 + (30.0,)
    assert decide_scaling(seen(target, 8, datapoints={"cpu": peak})).desired == 5
    for points in ((10.0,) * 14, (10.0,) * 14 + (45.0,), (10.0,) * 7 + (None,) + (10.0,) * 7):
        assert decide_scaling(seen(target, 8, datapoints={"cpu": points})).desired is None


def test_limits_hold() -> None:
    """Never more than the maximum, never fewer than the minimum; a count below the minimum rises at once."""
    target = a_target(cpu(), minimum=2, maximum=3)
    assert decide_scaling(seen(target, 2, datapoints={"cpu": HIGH})).desired == 3
    assert decide_scaling(seen(target, 3, datapoints={"cpu": HIGH})).desired is None
    assert decide_scaling(seen(target, 3, datapoints={"cpu": LOW})).desired == 2
    assert decide_scaling(seen(target, 1)).desired == 2
    assert decide_scaling(seen(target, 9)).desired is None, "corrected with the next activity only"


def test_policies_rest_after_they_acted() -> None:
    """Out and in have cooldowns of their own, which speed shortens; an out ends the rest after an in."""
    target = a_target(cpu())
    out = {"cpu": Activity(out_at=START_MS - COOLDOWN_MS + 1)}
    assert decide_scaling(seen(target, 2, datapoints={"cpu": HIGH}, activities=out)).desired is None
    assert decide_scaling(seen(target, 8, datapoints={"cpu": LOW}, activities=out)).desired is None
    rested = {"cpu": Activity(out_at=START_MS - COOLDOWN_MS)}
    assert decide_scaling(seen(target, 2, datapoints={"cpu": HIGH}, activities=rested)).desired == 4
    shrunk = {"cpu": Activity(in_at=START_MS - 1)}
    assert decide_scaling(seen(target, 8, datapoints={"cpu": LOW}, activities=shrunk)).desired is None
    assert decide_scaling(seen(target, 2, datapoints={"cpu": HIGH}, activities=shrunk)).desired == 4
    fast = seen(target, 2, datapoints={"cpu": HIGH}, activities={"cpu": Activity(out_at=START_MS - 3_000)})
    assert decide_scaling(replace(fast, timing=Timing().at_speed(100))).desired == 4


def test_what_is_remembered_of_an_activity() -> None:
    """Who decided rests; a scale-out forgets the scale-in before it."""
    known = {"cpu": Activity(out_at=1, in_at=2), "memory": Activity()}
    after = activities_after(known, Decision(4, "", ("cpu",)), 2, START_MS)
    assert after == {"cpu": Activity(out_at=START_MS), "memory": Activity()}
    after = activities_after(known, Decision(1, "", ("cpu",)), 2, START_MS)
    assert after["cpu"] == Activity(out_at=1, in_at=START_MS)


def test_out_if_any_in_if_all() -> None:
    """The largest count wins either way; who may not scale in has no say in it."""
    target = a_target(cpu(), cpu("memory"))
    points = {"cpu": HIGH, "memory": LOW}
    assert decide_scaling(seen(target, 2, datapoints=points)).desired == 4
    assert decide_scaling(seen(target, 8, datapoints={"cpu": LOW, "memory": (49.0,) * 15})).desired is None
    both = {"cpu": LOW, "memory": (20.0,) * 15}
    assert decide_scaling(seen(target, 8, datapoints=both)).desired == 4
    mute = a_target(cpu(), cpu("memory", disable_scale_in=True))
    assert decide_scaling(seen(mute, 8, datapoints={"cpu": LOW, "memory": (49.0,) * 15})).desired == 2


def test_suspended_and_while_a_deployment_runs() -> None:
    """A deployment suspends scaling in, not out."""
    target = a_target(cpu())
    assert decide_scaling(seen(target, 8, datapoints={"cpu": LOW}, deploying=True)).desired is None
    assert decide_scaling(seen(target, 2, datapoints={"cpu": HIGH}, deploying=True)).desired == 4
    no_out = replace(target, out_suspended=True)
    assert decide_scaling(seen(no_out, 2, datapoints={"cpu": HIGH})).desired is None
    no_in = replace(target, in_suspended=True)
    assert decide_scaling(seen(no_in, 8, datapoints={"cpu": LOW})).desired is None


UP = (Step(1, 0, 10), Step(3, 10, None))
DOWN = (Step(-1, None, 0),)


@pytest.mark.parametrize(
    ("kind", "steps", "capacity", "breach", "expected"),
    [
        ("ChangeInCapacity", UP, 4, 0.0, 5),
        ("ChangeInCapacity", UP, 4, 10.0, 7),
        ("ChangeInCapacity", UP, 4, -1.0, None),
        ("ChangeInCapacity", DOWN, 4, -5.0, 3),
        ("ChangeInCapacity", (Step(-9),), 4, 0.0, 0),
        ("ExactCapacity", (Step(6),), 4, 0.0, 6),
        ("PercentChangeInCapacity", (Step(50),), 4, 0.0, 6),
        ("PercentChangeInCapacity", (Step(10),), 4, 0.0, 5),
        ("PercentChangeInCapacity", (Step(-10),), 4, 0.0, 3),
        ("PercentChangeInCapacity", (Step(40),), 4, 0.0, 5),
        ("PercentChangeInCapacity", (Step(0),), 4, 0.0, 4),
    ],
)
def test_steps(
    kind: str, steps: tuple[Step, ...], capacity: int, breach: float, expected: int | None
) -> None:
    """The step of the breach; percentages are rounded towards zero, but to one at least."""
    assert adjusted(StepScaling(name="s", adjustment_type=kind, steps=steps), capacity, breach) == expected


def test_the_minimum_magnitude_of_a_percentage() -> None:
    """Ten percent of four, at least two."""
    policy = StepScaling(
        name="s", adjustment_type="PercentChangeInCapacity", steps=(Step(10),), minimum_magnitude=2
    )
    assert adjusted(policy, 4, 0) == 6


def test_step_policies_follow_their_alarms() -> None:
    """One whose alarm is in ALARM acts, and rests for its cooldown whatever the direction."""
    policy = StepScaling(name="s", steps=UP)
    target = a_target(policy)
    assert decide_scaling(seen(target, 2)).desired is None
    decision = decide_scaling(seen(target, 2, breaches={"s": 12.5}))
    assert decision == Decision(5, "s: its alarm is breached by 12.5.", ("s",))
    resting = {"s": Activity(out_at=START_MS - 1)}
    assert decide_scaling(seen(target, 2, breaches={"s": 12.5}, activities=resting)).desired is None


def test_a_step_in_does_not_beat_a_tracker_out() -> None:
    """Out first, then in."""
    target = a_target(cpu(), StepScaling(name="s", steps=DOWN))
    assert decide_scaling(seen(target, 2, datapoints={"cpu": HIGH}, breaches={"s": -1.0})).desired == 4


def test_a_schedule_moves_the_count_into_its_limits() -> None:
    """At once, up or down; a count within them stays."""
    target = a_target(minimum=3, maximum=5)
    assert [after_schedule(target, count).desired for count in (1, 3, 4, 9)] == [3, None, None, 5]


@st.composite
def sights(draw: st.DrawFn) -> ScalingSnapshot:
    minimum = draw(st.integers(0, 5))
    steps = StepScaling(name="s", steps=(*UP, *DOWN))
    target = a_target(cpu(), steps, minimum=minimum, maximum=minimum + draw(st.integers(0, 10)))
    points = draw(st.lists(st.one_of(st.none(), st.floats(0, 400)), max_size=20))
    return seen(
        target,
        draw(st.integers(0, 20)),
        running=draw(st.integers(0, 20)),
        datapoints={"cpu": tuple(points)},
        breaches={"s": draw(st.floats(-50, 50))},
        deploying=draw(st.booleans()),
    )


@given(sights())
def test_what_is_decided_is_within_the_limits(snapshot: ScalingSnapshot) -> None:
    """Whatever is measured: a decision lies in [minimum, maximum], changes the count, and says why."""
    decision = decide_scaling(snapshot)
    if decision.desired is not None:
        assert snapshot.target.minimum <= decision.desired <= snapshot.target.maximum
        assert decision.desired != snapshot.desired
        assert decision.reason


@given(st.integers(1, 10), st.floats(1, 800))
def test_a_constant_load_is_met_and_then_left_alone(start: int, load: float) -> None:
    """The load is shared evenly: after a few rounds the count stays, and its share meets the target."""
    target, count = a_target(cpu()), start
    counts = []
    for _ in range(30):
        share = (load / max(1, count),) * 15
        decision = decide_scaling(seen(target, count, datapoints={"cpu": share}))
        count = count if decision.desired is None else decision.desired
        counts.append(count)
    assert len(set(counts[-20:])) == 1
    assert load / count <= 50 or count == 10
