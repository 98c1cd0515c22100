"""Which tasks go first when there are too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shipway.scheduler.health import Condition


def pick(candidates: Iterable[Condition], count: int) -> tuple[Condition, ...]:
    """Pending first, then not healthy, then from the fullest zone and its fullest instance, newest first."""
    left = [condition for condition in candidates if not condition.protected]
    chosen: list[Condition] = []
    while left and len(chosen) < count:
        zones = Counter(condition.task.availability_zone for condition in left)
        instances = Counter(condition.task.container_instance_arn for condition in left)
        first = min(
            left,
            key=lambda condition: (
                not condition.pending,
                condition.healthy,
                -zones[condition.task.availability_zone],
                -instances[condition.task.container_instance_arn],
                -condition.task.created_at,
                condition.task.task_arn,
            ),
        )
        left.remove(first)
        chosen.append(first)
    return tuple(chosen)
