"""What a pass wants to stop and to start, as tasks and counts; `launch` then finds the places.

`staying` are the live tasks of the PRIMARY revision. Outgoing are those of the revisions it replaces, and
those on container instances that are DRAINING: they make room in the same way, so one arithmetic
(`rolling`) serves both.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shipway.model.service_revision import ServiceRevision
from shipway.scheduler.health import Condition
from shipway.scheduler.rolling import Counts, Step, roll
from shipway.scheduler.scale_in import pick
from shipway.scheduler.survey import Rollout, Survey


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    stops: tuple[Condition, ...] = ()  # scaling, and the roll-out itself
    faulty_stops: tuple[Condition, ...] = ()  # failed a health check, and nothing takes their place first
    faulty: tuple[Condition, ...] = ()  # unhealthy tasks that wait for their replacement
    start: int = 0  # tasks that the PRIMARY revision lacks
    replace: int = 0  # more of them, for unhealthy ones
    source_starts: tuple[tuple[ServiceRevision, int], ...] = ()
    desired_counts: tuple[tuple[ServiceRevision, int], ...] = ()  # of each deployment, from now on
    blocked: bool = False  # by the deployment configuration
    protected: int = 0  # tasks that would go, were they not protected from scale-in

    @property
    def nothing(self) -> bool:
        moving = self.stops or self.faulty_stops or self.faulty or self.source_starts
        return not (moving or self.start or self.replace)


def plan_moves(survey: Survey, paused: frozenset[str]) -> Moves:
    """`paused` are the revisions (ARNs) that back off: nothing of them is started now."""
    if survey.target.failed:
        return stalled(survey, paused)
    desired = survey.desired_count
    surplus = shrunk(survey, survey.staying)
    staying = [condition for condition in survey.staying if condition not in surplus]
    outgoing = outgoing_of(survey)
    lost = tuple(
        condition for condition in outgoing if condition.fault or (condition.displaced and condition.pending)
    )
    outgoing = [condition for condition in outgoing if condition not in lost]
    step = roll(desired, survey.limits, counts_of(staying, outgoing))
    stops = (*surplus, *roll_out(outgoing, step))
    faulty_stops = tuple(condition for condition in lost if condition.fault)
    stops = (*stops, *(condition for condition in lost if not condition.fault))
    start = 0 if survey.target.revision.service_revision_arn in paused else step.start
    kept = len(survey.live) - len(stops) - len(faulty_stops)
    moves = Moves(
        stops=stops,
        faulty_stops=faulty_stops,
        start=start,
        desired_counts=((survey.target.revision, desired), *source_counts(survey, stops)),
        blocked=is_blocked(survey, step),
        protected=sum(condition.protected for condition in outgoing) if done(survey) else 0,
    )
    moves = with_replacements(survey, moves, [c for c in staying if c.fault], kept, paused)
    return with_source_starts(survey, moves, paused)


def stalled(survey: Survey, paused: frozenset[str]) -> Moves:
    """A failed deployment starts nothing and stops nothing, but for scale-in; the revision before goes on."""
    newest_first = [*survey.target.live, *(c for source in reversed(survey.sources) for c in source.live)]
    faulty_stops = tuple(c for source in survey.sources for c in source.live if c.fault)
    stops = shrunk(survey, [condition for condition in newest_first if condition not in faulty_stops])
    moves = Moves(stops=stops, faulty_stops=faulty_stops, desired_counts=source_counts(survey, stops))
    return with_source_starts(survey, moves, paused)


def shrunk(survey: Survey, ordered: Sequence[Condition]) -> tuple[Condition, ...]:
    """Those that are too many. The lower limit holds here too: it may be the idle ones that are protected."""
    too_many = max(0, len(ordered) - survey.desired_count)
    spare_healthy = max(0, sum(condition.healthy for condition in survey.live) - survey.limits.lower)
    idle = min(too_many, sum(not (condition.healthy or condition.protected) for condition in ordered))
    return roll_out(ordered, Step(idle, min(too_many - idle, spare_healthy), 0))


def done(survey: Survey) -> bool:
    return survey.staying_healthy >= survey.desired_count


def outgoing_of(survey: Survey) -> list[Condition]:
    displaced = [condition for condition in survey.target.live if condition.displaced]
    return [*(condition for source in survey.sources for condition in source.live), *displaced]


def counts_of(staying: list[Condition], outgoing: list[Condition]) -> Counts:
    free = [condition for condition in outgoing if not condition.protected]
    protected = [condition for condition in outgoing if condition.protected]
    return Counts(
        staying=len(staying),
        staying_healthy=sum(condition.healthy for condition in staying),
        outgoing_healthy=sum(condition.healthy for condition in free),
        outgoing_idle=sum(not condition.healthy for condition in free),
        protected=len(protected),
        protected_healthy=sum(condition.healthy for condition in protected),
    )


def roll_out(outgoing: Sequence[Condition], step: Step) -> tuple[Condition, ...]:
    """The step's stops: idle ones, then healthy ones; within each, deployments in the order given."""
    chosen: list[Condition] = []
    for healthy, count in ((False, step.stop_idle), (True, step.stop_healthy)):
        alike = [condition for condition in outgoing if condition.healthy == healthy]
        stopped: list[Condition] = []
        for deployment_id in dict.fromkeys(condition.task.deployment_id for condition in alike):
            own = [condition for condition in alike if condition.task.deployment_id == deployment_id]
            stopped.extend(pick(own, count - len(stopped)))
        chosen.extend(stopped)
    return tuple(chosen)


def is_blocked(survey: Survey, step: Step) -> bool:
    """Tasks are wanted, and the two limits allow neither a start nor a stop, now or later by itself."""
    wanted = survey.desired_count > len(survey.staying)
    moving = step.start or step.stop_idle or step.stop_healthy or survey.leaving
    return wanted and not moving and all(condition.healthy for condition in survey.live)


def with_replacements(
    survey: Survey, moves: Moves, faulty: list[Condition], kept: int, paused: frozenset[str]
) -> Moves:
    """Unhealthy tasks: the replacement starts first where there is room; else one goes at a time, first."""
    if not faulty or survey.target.revision.service_revision_arn in paused:
        return moves
    room = survey.limits.upper - kept - moves.start
    if room > 0:
        return msgspec.structs.replace(moves, faulty=tuple(faulty), replace=min(room, len(faulty)))
    if moves.start or any(condition.pending for condition in survey.live):
        return moves
    return msgspec.structs.replace(
        moves, faulty_stops=(*moves.faulty_stops, faulty[0]), start=1 if room == 0 else 0
    )


def with_source_starts(survey: Survey, moves: Moves, paused: frozenset[str]) -> Moves:
    """A task of a replaced revision that died by itself is replaced by its like, while the roll-out lasts."""
    if done(survey) and not survey.target.failed:
        return moves
    gone = [condition.task.task_arn for condition in (*moves.stops, *moves.faulty_stops)]
    room = survey.limits.upper - (len(survey.live) - len(gone)) - moves.start - moves.replace
    starts = []
    for revision, count in moves.desired_counts:
        source = next((s for s in survey.sources if s.revision is revision), None)
        if source is None or revision.rollout_state != "COMPLETED" or revision.service_revision_arn in paused:
            continue
        kept = sum(condition.task.task_arn not in gone for condition in source.live)
        start = min(max(0, count - kept), max(0, room))
        if start:
            starts.append((revision, start))
            room -= start
    return msgspec.structs.replace(moves, source_starts=tuple(starts))


def source_counts(survey: Survey, stops: tuple[Condition, ...]) -> tuple[tuple[ServiceRevision, int], ...]:
    """What each replaced deployment has to keep: it falls with every planned stop, not with an accident."""
    return tuple((source.revision, source_count(survey, source, stops)) for source in survey.sources)


def source_count(survey: Survey, source: Rollout, stops: tuple[Condition, ...]) -> int:
    if done(survey) and not survey.target.failed:
        return 0
    planned = sum(condition in source.live for condition in stops)
    if source.revision.rollout_state != "COMPLETED":
        return len(source.live) - planned
    return max(0, min(source.revision.desired_count, survey.desired_count) - planned)
