"""The arithmetic of a rolling update: how many tasks may go and may come, within the service's two limits."""

from __future__ import annotations

import msgspec

from shipway.model.service import DeploymentConfiguration


class Limits(msgspec.Struct, frozen=True):
    """At least so many healthy tasks, at most so many tasks that are RUNNING or on their way to it."""

    lower: int
    upper: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Live tasks. `staying` ones are of the revision that is rolled out; outgoing ones make room for them."""

    staying: int
    staying_healthy: int
    outgoing_healthy: int
    outgoing_idle: int  # pending or not healthy: their end lowers no count that matters
    protected: int = 0  # outgoing too, but they may not be stopped
    protected_healthy: int = 0


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a roll-out back, or ends it, beside the limits."""

    done: bool = False  # the outgoing tasks are needed no longer
    starts_max: int | None = None  # no more at a time; then no task goes but for these few
    hold: bool = False  # outgoing tasks stay for now


UNHINDERED = Pace()


class Step(msgspec.Struct, frozen=True):
    stop_idle: int
    stop_healthy: int
    start: int


def limits_of(desired_count: int, configuration: DeploymentConfiguration) -> Limits:
    """The lower limit rounds up, the upper limit rounds down."""
    lower = -(-desired_count * configuration.minimum_healthy_percent // 100)
    return Limits(min(lower, desired_count), desired_count * configuration.maximum_percent // 100)


def roll(desired_count: int, limits: Limits, counts: Counts, pace: Pace = UNHINDERED) -> Step:
    """Idle tasks make room for new ones, but not while earlier new ones are still on their way."""
    assert min(msgspec.structs.astuple(counts)) >= 0 and limits.lower <= desired_count
    healthy = counts.staying_healthy + counts.outgoing_healthy + counts.protected_healthy
    live = counts.staying + counts.outgoing_healthy + counts.outgoing_idle + counts.protected
    done = not pace.hold and (pace.done or counts.staying_healthy >= desired_count)
    want = max(0, desired_count - counts.staying)
    if pace.starts_max is not None:
        want = min(want, pace.starts_max)
    lacking_room = max(0, want - max(0, limits.upper - live))
    stop_healthy = min(counts.outgoing_healthy, max(0, healthy - limits.lower))
    stop_idle = 0 if counts.staying > counts.staying_healthy else min(counts.outgoing_idle, lacking_room)
    if pace.starts_max is not None and not done:
        stop_healthy = min(stop_healthy, max(0, lacking_room - stop_idle))
    if pace.hold:
        stop_idle = stop_healthy = 0
    above = max(0, live - stop_healthy - limits.upper)
    stop_idle = counts.outgoing_idle if done else max(stop_idle, min(counts.outgoing_idle, above))
    start = min(want, max(0, limits.upper - (live - stop_idle - stop_healthy)))
    assert healthy - stop_healthy >= min(healthy, limits.lower)
    assert start == 0 or live - stop_idle - stop_healthy + start <= limits.upper
    return Step(stop_idle, stop_healthy, start)
