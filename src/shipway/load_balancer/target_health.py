"""Target health: a pure function from what Envoy sees to the states that Elastic Load Balancing would show.

A new target stays `initial` until it passes one check, or until it has failed for as long as
`unhealthy_threshold` checks take: Envoy gives up at the first failure, Elastic Load Balancing does not. A
draining target is gone when its deregistration delay is over and Envoy has let go of it; or, as with
Elastic Load Balancing, sooner, when no request is in flight.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shipway.load_balancer.state import LoadBalancerState
from shipway.model.snapshot import REAL_TIME, Timing
from shipway.model.target import (
    DRAINING,
    HEALTHY,
    INITIAL,
    INITIAL_HEALTH_CHECKING,
    NOT_IN_USE,
    UNHEALTHY,
    UNUSED,
    Target,
    in_state,
)
from shipway.model.target_group import TargetGroup

# What Envoy's thread picked for a request just before it learnt of the draining shows as in flight by then.
DRAIN_SETTLE_MS = 1_000
DRAIN_LOOK_MS = 500
CHECK_INTERVAL_MIN_MS = 100  # whatever the speed: targets have other things to do

ReadingKey = tuple[str, str, int]  # target group ARN, address, port


class HealthReading(msgspec.Struct, frozen=True, kw_only=True):
    """What Envoy says of one endpoint."""

    state: str  # initial (never checked), healthy, unhealthy
    reason: str = ""  # Target.FailedHealthChecks, Target.ResponseCodeMismatch, Target.Timeout
    description: str = ""
    draining: bool = False  # Envoy gives it no new requests
    requests_active: int = 0
    requests_total: int = 0  # since Envoy knows it


class TargetHealthChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A target is in another state, or for another reason."""

    target: Target
    reason: str


class TargetDrained(msgspec.Struct, frozen=True, kw_only=True):
    """Deregistration is complete: the target's record goes, and its task may be stopped."""

    target: Target
    reason: str


TargetChange = TargetHealthChanged | TargetDrained


class TargetHealthPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What changes now, and when time alone will change more."""

    changes: tuple[TargetChange, ...] = ()
    look_again_at: int | None = None


def plan_target_health(
    state: LoadBalancerState,
    readings: Mapping[ReadingKey, HealthReading],
    now_ms: int,
    timing: Timing = REAL_TIME,
) -> TargetHealthPlan:
    """The changes of every target, from what Envoy sees and what time it is."""
    groups = {group.target_group_arn: group for group in state.target_groups}
    in_use = {group.target_group_arn for group in state.target_groups_in_use()}
    changes: list[TargetChange] = []
    moments: list[int] = []
    for target in state.targets:
        group = groups.get(target.target_group_arn)
        reading = readings.get((target.target_group_arn, target.address, target.address_port))
        if group is None:
            changes.append(TargetDrained(target=target, reason="Its target group was deleted."))
        elif target.state == DRAINING:
            why = drained(target, reading, now_ms)
            if why:
                changes.append(TargetDrained(target=target, reason=why))
            else:
                moments.append(min(max(target.draining_until or 0, now_ms + 1), now_ms + DRAIN_LOOK_MS))
        else:
            patient_until = target.state_since + patience_ms(group, timing)
            seen = reading if target.target_group_arn in in_use else None
            after = checked(target, seen, patient_until, now_ms)
            if target.target_group_arn not in in_use:
                after = in_state(target, UNUSED, NOT_IN_USE, now_ms)
            if after != target:
                changes.append(TargetHealthChanged(target=after, reason=sentence(after)))
            if after.state == INITIAL and reading is not None and reading.state == UNHEALTHY:
                moments.append(after.state_since + patience_ms(group, timing))
    return TargetHealthPlan(changes=tuple(changes), look_again_at=min(moments, default=None))


def drained(target: Target, reading: HealthReading | None, now_ms: int) -> str:
    """Why the target is drained, or nothing while it is not."""
    if now_ms >= (target.draining_until or 0) and (reading is None or reading.draining):
        return "Its deregistration delay is over."
    settled = now_ms >= target.state_since + DRAIN_SETTLE_MS
    if settled and reading is not None and reading.draining and reading.requests_active == 0:
        return "No request to it is in flight any more."
    return ""


def checked(target: Target, reading: HealthReading | None, patient_until: int, now_ms: int) -> Target:
    """The target in the state that the checks give it. With no reading nothing is known: nothing changes."""
    if target.state == UNUSED:
        return in_state(target, INITIAL, INITIAL_HEALTH_CHECKING, now_ms)
    if reading is None or reading.draining:
        return target
    if reading.state == HEALTHY:
        return in_state(target, HEALTHY, ("", ""), now_ms)
    if reading.state == INITIAL or (target.state == INITIAL and now_ms < patient_until):
        # An Envoy that has just been restarted has checked nobody: what was known before stays true.
        if target.state != INITIAL:
            return target
        return in_state(target, INITIAL, INITIAL_HEALTH_CHECKING, now_ms)
    return in_state(target, UNHEALTHY, (reading.reason, reading.description), now_ms)


def patience_ms(group: TargetGroup, timing: Timing) -> int:
    """How long a target that never passed a check is given: as long as the failing checks would take."""
    return group.unhealthy_threshold * check_interval_ms(group, timing)


def check_interval_ms(group: TargetGroup, timing: Timing) -> int:
    return max(CHECK_INTERVAL_MIN_MS, timing.scaled(group.health_check_interval_s * 1000))


def sentence(target: Target) -> str:
    where = f"Target {target.target_id}:{target.port}"
    return (
        f"{where} is {target.state}: {target.description}."
        if target.description
        else f"{where} is {target.state}."
    )
