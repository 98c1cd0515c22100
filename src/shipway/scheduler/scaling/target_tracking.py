"""Target tracking: the count at which the metric would meet its target, were it shared evenly."""

from __future__ import annotations

import math

from shipway.model.scaling import TargetTracking

Datapoints = tuple[float | None, ...]
"""A figure a period, oldest first; None where there was none."""

HIGH_PERIODS = 3
LOW_PERIODS = 15
LOW_SHARE = 0.9  # of the target: below it there is too much capacity


def wanted_out(policy: TargetTracking, datapoints: Datapoints, running: int) -> int | None:
    """More tasks, when the metric was above its target for three periods; None otherwise."""
    recent = known(datapoints, HIGH_PERIODS)
    if not recent or min(recent) <= policy.target:
        return None
    return in_proportion(running, recent[-1], policy.target)


def wanted_in(policy: TargetTracking, datapoints: Datapoints, running: int) -> int | None:
    """Fewer tasks, when it was well below for fifteen: by the highest figure of these, not by the last one.
    Where one is missing nothing is known, and nothing is scaled in.
    """
    recent = known(datapoints, LOW_PERIODS)
    if not recent or max(recent) >= policy.target * LOW_SHARE:
        return None
    return in_proportion(running, max(recent), policy.target)


def known(datapoints: Datapoints, periods: int) -> list[float]:
    """The last so many figures; empty when not all of them are there."""
    recent = [value for value in datapoints[-periods:] if value is not None]
    return recent if len(recent) == periods else []


def in_proportion(running: int, value: float, target: float) -> int:
    return math.ceil(running * value / target)
