"""How many tasks each replaced deployment has to keep: its desired count while a roll-out lasts.

It falls with every planned stop, not with an accident: a task that died by itself is replaced by its like.
When the service is scaled meanwhile it is scaled in proportion. Deployments that never completed keep what
they have and get nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from shipway.model.service_revision import ServiceRevision
from shipway.scheduler.health import Condition
from shipway.scheduler.survey import Rollout, Survey


def source_counts(
    survey: Survey, gone: Iterable[Condition], over: bool
) -> tuple[tuple[ServiceRevision, int], ...]:
    """`gone` is told to stop in this pass. `over`: they are needed no longer."""
    if not survey.sources:
        return ()
    stopped = {condition.task.task_arn for condition in gone}
    return tuple(
        (source.revision, 0 if over else source_count(survey, source, stopped)) for source in survey.sources
    )


def source_count(survey: Survey, source: Rollout, stopped: set[str]) -> int:
    """A task that leaves a DRAINING instance without having been healthy is no planned stop either."""
    if not is_restored(source):
        return sum(condition.task.task_arn not in stopped for condition in source.live)
    counting = [condition for condition in source.live if condition.healthy or not condition.displaced]
    planned = sum(condition.task.task_arn in stopped for condition in counting)
    kept = share(survey, source)
    surplus = max(0, len(counting) - kept)
    return max(0, kept - max(0, planned - surplus))


def is_restored(source: Rollout) -> bool:
    return source.revision.rollout_state == "COMPLETED"


def share(survey: Survey, source: Rollout) -> int:
    """The deployment's count; in the pass that first sees the service scaled, in proportion to that."""
    before, now = survey.target.revision.desired_count, survey.desired_count
    own = min(source.revision.desired_count, max(before, now))
    return own if before in (0, now) else min(now, (own * now + before // 2) // before)


def growth_of_sources(survey: Survey, room: int) -> int:
    """Of the room for new tasks, what the replaced deployments get of a scale-out: their part of it."""
    before, now = survey.target.revision.desired_count, survey.desired_count
    if not 0 < before < now:
        return 0
    extra = sum(
        share(survey, source) - source.revision.desired_count
        for source in survey.sources
        if is_restored(source)
    )
    return min(extra, room, room * extra // (now - before)) if extra > 0 else 0
