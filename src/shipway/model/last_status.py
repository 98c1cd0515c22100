"""A task's `last_status`: the only way it may move, as a table.

The order is the life of a task. A report moves it forward along the order, never back; what is not in the
order is a programmer's error. States that a task of its kind does not need are skipped (a bridge task is
never PROVISIONING).
"""

from __future__ import annotations

ORDER = (
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
)
RANK = {status: rank for rank, status in enumerate(ORDER)}
STOPPED = "STOPPED"
RUNNING = "RUNNING"
BEFORE_RUNNING = frozenset(ORDER[: RANK[RUNNING]])


def forward(current: str, reported: str) -> str:
    """The status after a report: the later of the two. Reports come late, twice and out of order."""
    return reported if RANK[reported] > RANK[current] else current


def is_forward(current: str, following: str) -> bool:
    """Whether `following` lies strictly after `current`."""
    return RANK[following] > RANK[current]
