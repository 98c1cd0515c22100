"""When a rolling update counts as a success, and what becomes of the replaced tasks until then.

Normally the PRIMARY revision has all its healthy tasks, the replaced ones are gone, and then the success
bakes. With early success criteria fewer healthy tasks will do, and the success bakes while replaced tasks
still run: they go before it is told (BLOCKING) or afterwards (DEFERRED). The rest of the new tasks follows.
"""

from __future__ import annotations

import msgspec

from shipway.model.service import EarlySuccess
from shipway.scheduler.survey import Survey


class Phase(msgspec.Struct, frozen=True):
    """`over`: the replaced tasks are needed no longer. `hold`: none of them goes while the success bakes."""

    over: bool = False
    hold: bool = False


def phase_of(survey: Survey) -> Phase:
    if survey.target.revision.rollout_state == "COMPLETED":
        return Phase(over=bool(survey.sources))
    early = early_of(survey)
    if early is None:
        return Phase(over=survey.staying_healthy >= survey.desired_count)
    if survey.staying_healthy < healthy_wanted(survey, early):
        return Phase()
    over = early.cleanup == "BLOCKING" and baked_at(survey, early) <= survey.snapshot.now_ms
    return Phase(over=over, hold=not over)


def early_of(survey: Survey) -> EarlySuccess | None:
    """The criteria, if the deployment in progress has any. A rollback wants all its tasks healthy."""
    early = survey.snapshot.service.deployment_configuration.early_success
    applies = early.enable and survey.target.in_progress and not survey.rolling_back
    return early if applies else None


def is_early_success(survey: Survey, early: EarlySuccess) -> bool:
    if survey.staying_healthy < healthy_wanted(survey, early):
        return False
    gone = not any(source.live or source.leaving for source in survey.sources)
    return (gone or early.cleanup == "DEFERRED") and baked_at(survey, early) <= survey.snapshot.now_ms


def healthy_wanted(survey: Survey, early: EarlySuccess) -> int:
    """How many healthy tasks are enough."""
    share = -(-survey.desired_count * early.healthy_percent // 100)
    return min(survey.desired_count, max(1, share))


def baked_at(survey: Survey, early: EarlySuccess) -> int:
    """When the bake time is over: it counts from when enough of the tasks that are healthy now were."""
    now_ms = survey.snapshot.now_ms
    since = sorted(
        c.task.healthy_at if c.task.healthy_at is not None else now_ms for c in survey.staying if c.healthy
    )
    wanted = healthy_wanted(survey, early)
    reached = 0 < wanted <= len(since)
    return (since[wanted - 1] if reached else now_ms) + bake_time_ms(survey)


def bake_time_ms(survey: Survey) -> int:
    """What the user says; else a while for the alarms to notice. A rollback does not bake."""
    configuration, timing = survey.snapshot.service.deployment_configuration, survey.snapshot.timing
    if survey.rolling_back:
        return 0
    if configuration.bake_time_ms is not None:
        return timing.scaled(configuration.bake_time_ms)
    return timing.alarm_bake_ms if configuration.alarms.enable else 0
