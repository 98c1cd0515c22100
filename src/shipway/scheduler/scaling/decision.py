"""What all policies of a service's scalable target come to: one desired count, or none.

Out if any policy asks for it, to the largest count that one asks for. In only if every target tracking policy
that may scale in agrees, to the largest count again; never while a deployment runs. A policy that has acted
rests for its cooldown. What comes out is always within the target's limits.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shipway.model.scaling import ScalableTarget, StepScaling, TargetTracking
from shipway.model.snapshot import Timing
from shipway.scheduler.scaling.steps import adjusted
from shipway.scheduler.scaling.target_tracking import Datapoints, wanted_in, wanted_out


class Activity(msgspec.Struct, frozen=True):
    """When a policy last made the service larger, and smaller."""

    out_at: int | None = None
    in_at: int | None = None


class ScalingSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A scalable target, its service's counts, what its metrics and alarms say. All by policy name."""

    now_ms: int
    target: ScalableTarget
    desired: int
    running: int
    deploying: bool = False
    datapoints: dict[str, Datapoints] = {}
    breaches: dict[str, float] = {}  # step policies with an alarm in ALARM: by how much it is breached
    activities: dict[str, Activity] = {}
    timing: Timing = Timing()


class Decision(msgspec.Struct, frozen=True):
    """The count to set, why, and who decided it: they rest now."""

    desired: int | None = None
    reason: str = ""
    policies: tuple[str, ...] = ()


class Wish(msgspec.Struct, frozen=True):
    policy: str
    count: int
    reason: str


NOTHING = Decision()


def decide_scaling(snapshot: ScalingSnapshot) -> Decision:
    target, desired = snapshot.target, snapshot.desired
    if not target.out_suspended and desired < target.minimum:
        return Decision(target.minimum, f"{desired} is less than the minimum capacity, {target.minimum}.")
    outs = [] if target.out_suspended else wishes_out(snapshot)
    if outs:
        return largest(outs, target, desired)
    if target.in_suspended or snapshot.deploying:
        return NOTHING
    return largest(wishes_in(snapshot), target, desired)


def after_schedule(target: ScalableTarget, desired: int) -> Decision:
    """A scheduled action has set the limits: the count goes into them at once."""
    bounded = within(target, desired)
    if bounded == desired:
        return NOTHING
    return Decision(bounded, f"A scheduled action set the limits to {target.minimum} to {target.maximum}.")


def largest(wishes: list[Wish], target: ScalableTarget, desired: int) -> Decision:
    if not wishes:
        return NOTHING
    count = within(target, max(wish.count for wish in wishes))
    if count == desired:
        return NOTHING
    reasons = " ".join(wish.reason for wish in wishes)
    return Decision(count, reasons, tuple(wish.policy for wish in wishes))


def within(target: ScalableTarget, count: int) -> int:
    return max(target.minimum, min(target.maximum, count))


def wishes_out(snapshot: ScalingSnapshot) -> list[Wish]:
    wishes = []
    for policy in snapshot.target.tracking:
        points = snapshot.datapoints.get(policy.name, ())
        count = wanted_out(policy, points, snapshot.running)
        if count is not None and count > snapshot.desired and rested_out(snapshot, policy):
            wishes.append(Wish(policy.name, count, tracked(policy, points, snapshot.running)))
    return [*wishes, *(wish for wish in stepped(snapshot) if wish.count > snapshot.desired)]


def wishes_in(snapshot: ScalingSnapshot) -> list[Wish]:
    """Every policy that may scale in must want to, and have rested."""
    steps = [wish for wish in stepped(snapshot) if wish.count < snapshot.desired]
    wishes = []
    for policy in snapshot.target.tracking:
        if policy.disable_scale_in:
            continue
        points = snapshot.datapoints.get(policy.name, ())
        count = wanted_in(policy, points, snapshot.running)
        if count is None or count >= snapshot.desired or not rested_in(snapshot, policy):
            return steps
        wishes.append(Wish(policy.name, count, tracked(policy, points, snapshot.running)))
    return [*wishes, *steps]


def stepped(snapshot: ScalingSnapshot) -> list[Wish]:
    wishes = []
    for policy in snapshot.target.steps:
        breach = snapshot.breaches.get(policy.name)
        count = None if breach is None else adjusted(policy, snapshot.running, breach)
        if count is not None and rested_step(snapshot, policy):
            reason = f"{policy.name}: its alarm is breached by {breach:g}."
            wishes.append(Wish(policy.name, count, reason))
    return wishes


def tracked(policy: TargetTracking, points: Datapoints, running: int) -> str:
    """For the log: what was seen, and what is wanted of it."""
    last = next((value for value in reversed(points) if value is not None), 0.0)
    return f"{policy.name}: {last:g} with {running} running tasks, the target is {policy.target:g}."


def rested_out(snapshot: ScalingSnapshot, policy: TargetTracking) -> bool:
    return rested(snapshot, activity_of(snapshot.activities, policy.name).out_at, policy.scale_out_cooldown_s)


def rested_in(snapshot: ScalingSnapshot, policy: TargetTracking) -> bool:
    """After a scale-out too: what was just added is not taken away before it has had an effect."""
    activity = activity_of(snapshot.activities, policy.name)
    return rested(snapshot, activity.in_at, policy.scale_in_cooldown_s) and rested(
        snapshot, activity.out_at, policy.scale_out_cooldown_s
    )


def rested_step(snapshot: ScalingSnapshot, policy: StepScaling) -> bool:
    activity = activity_of(snapshot.activities, policy.name)
    moments = [moment for moment in (activity.out_at, activity.in_at) if moment is not None]
    return rested(snapshot, max(moments, default=None), policy.cooldown_s)


def rested(snapshot: ScalingSnapshot, since: int | None, cooldown_s: int) -> bool:
    return since is None or snapshot.now_ms >= since + snapshot.timing.scaled(cooldown_s * 1000)


def activity_of(activities: Mapping[str, Activity], name: str) -> Activity:
    return activities.get(name, Activity())


def activities_after(
    activities: Mapping[str, Activity], decision: Decision, desired: int, now_ms: int
) -> dict[str, Activity]:
    """With what this decision did; a scale-out ends the rest after a scale-in."""
    after = dict(activities)
    for name in decision.policies:
        before = activity_of(activities, name)
        out = decision.desired is not None and decision.desired > desired
        after[name] = Activity(now_ms, None) if out else Activity(before.out_at, now_ms)
    return after
