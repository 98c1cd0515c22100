"""Step scaling: the step in which a breach lies, and what it makes of the capacity."""

from __future__ import annotations

import math

from shipway.model.scaling import Step, StepScaling


def adjusted(policy: StepScaling, capacity: int, breach: float) -> int | None:
    """The capacity after the step for this breach (metric less threshold); None when no step is for it."""
    step = next((step for step in policy.steps if contains(step, breach)), None)
    if step is None:
        return None
    if policy.adjustment_type == "ExactCapacity":
        return max(0, step.adjustment)
    change = step.adjustment
    if policy.adjustment_type == "PercentChangeInCapacity":
        change = percent_change(capacity, step.adjustment, policy.minimum_magnitude)
    return max(0, capacity + change)


def contains(step: Step, breach: float) -> bool:
    """The bound nearer to the threshold belongs to the step. Below the threshold that is the upper one."""
    lower = -math.inf if step.lower is None else step.lower
    upper = math.inf if step.upper is None else step.upper
    return lower < breach <= upper if breach < 0 else lower <= breach < upper


def percent_change(capacity: int, percent: int, minimum_magnitude: int) -> int:
    """Towards zero, but never to zero; at least the minimum magnitude."""
    if percent == 0:
        return 0
    exact = capacity * percent / 100
    whole = math.trunc(exact) or (1 if percent > 0 else -1)
    if abs(whole) < minimum_magnitude:
        return minimum_magnitude if percent > 0 else -minimum_magnitude
    return whole
