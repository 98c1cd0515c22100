"""What must hold whatever happens: one check a promise, each with a name, each a function of one commit.

The checks count for themselves and ask nothing of the scheduler's code, so that a mistake there is not
repeated here. They look at what a commit touched only, so they are cheap enough to run after each. Promises
that need more than the state (containers, acknowledged writes, the end) are in `watch.py`.
"""

from __future__ import annotations

from shipway.simulator.invariants import (
    capacity,
    deployments,
    failures,
    groups,
    managed_daemons,
    placement,
    shifts,
    task_sets,
    tasks,
)
from shipway.simulator.invariants.commit import Check, Commit

__all__ = ["CHECKS", "Commit", "violations"]

ROOMS = (tasks, placement, deployments, failures, shifts, task_sets, capacity, groups, managed_daemons)

CHECKS: dict[str, Check] = {
    check.__name__.replace("_", " "): check for room in ROOMS for check in room.CHECKS
}


def violations(commit: Commit) -> list[str]:
    """`promise: what was seen`, for each promise that the commit broke."""
    return [f"{name}: {seen}" for name, check in CHECKS.items() for seen in check(commit)]
