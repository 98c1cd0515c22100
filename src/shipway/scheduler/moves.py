"""What a pass wants to stop and to start, as tasks and counts; `launch` then finds the places.

`staying` are the live tasks of the PRIMARY revision. Outgoing are those of the revisions it replaces, and
those on container instances that are DRAINING: they make room in the same way, so one arithmetic
(`rolling`) serves both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from shipway.model.service_revision import ServiceRevision
from shipway.scheduler.early_success import phase_of
from shipway.scheduler.filters import held_by_tasks
from shipway.scheduler.health import Condition
from shipway.scheduler.image_digests import starts_max
from shipway.scheduler.placement import Failure
from shipway.scheduler.rolling import Counts, Pace, Step, roll
from shipway.scheduler.scale_in import Crowd, crowd_of, pick
from shipway.scheduler.source_counts import growth_of_sources, is_restored, share, source_counts
from shipway.scheduler.survey import Survey


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
    protected_of: str = ""  # their deployment

    @property
    def nothing(self) -> bool:
        moving = self.stops or self.faulty_stops or self.faulty or self.source_starts
        return not (moving or self.start or self.replace)


def plan_moves(survey: Survey, paused: frozenset[str]) -> Moves:
    """`paused` are the revisions (ARNs) that back off: nothing of them is started now."""
    if survey.target.failed:
        return stalled(survey, paused)
    crowd, desired = crowd_of(survey), survey.desired_count
    surplus = shrunk(survey, survey.staying, len(survey.staying) - desired, crowd)
    staying = without(survey.staying, surplus)
    outgoing = outgoing_of(survey)
    lost = [c for c in outgoing if c.fault or (c.displaced and c.pending and not c.protected)]
    outgoing = without(outgoing, lost)
    phase = phase_of(survey)
    backs_off = survey.target.revision.service_revision_arn in paused
    starts = 0 if backs_off else starts_max(survey)  # what cannot come needs no room
    pace = Pace(done=phase.over, starts_max=starts, hold=phase.hold)
    step = roll(desired, survey.limits, counts_of(staying, outgoing), pace)
    stops = (*surplus, *roll_out(outgoing, step, crowd), *(c for c in lost if not c.fault))
    faulty_stops = tuple(c for c in lost if c.fault)
    kept = len(survey.live) - len(stops) - len(faulty_stops)
    room = max(0, survey.limits.upper - kept)
    start = min(step.start, room - growth_of_sources(survey, room))
    moves = Moves(
        stops=stops,
        faulty_stops=faulty_stops,
        start=start,
        desired_counts=((survey.target.revision, desired), *source_counts(survey, stops, phase.over)),
    )
    moves = with_replacements(survey, moves, [c for c in staying if c.fault], kept, paused)
    moves = with_obstacles(survey, moves, step, pace)
    return moves if phase.over or phase.hold else with_source_starts(survey, moves, paused)


def stalled(survey: Survey, paused: frozenset[str]) -> Moves:
    """A failed deployment starts nothing and keeps what it has; those before it go on as they were."""
    crowd = crowd_of(survey)
    faulty_stops = tuple(c for source in survey.sources for c in source.live if c.fault)
    stops: tuple[Condition, ...] = ()
    wanted = [(survey.target, survey.desired_count), *((s, share(survey, s)) for s in survey.sources)]
    for rollout, count in wanted:
        sound = [condition for condition in rollout.live if not condition.fault or rollout is survey.target]
        stops = (*stops, *shrunk(survey, sound, len(sound) - count, crowd, stops))
    newest_first = [c for rollout, _ in (wanted[0], *reversed(wanted[1:])) for c in rollout.live]
    newest_first = without(newest_first, (*stops, *faulty_stops))
    above = len(newest_first) - survey.limits.upper
    stops = (*stops, *shrunk(survey, newest_first, above, crowd, stops))
    displaced = [c for c in without(newest_first, stops) if c.displaced]
    stops = (*stops, *shrunk(survey, displaced, len(displaced), crowd, stops))
    counts = ((survey.target.revision, survey.desired_count), *source_counts(survey, stops, over=False))
    moves = Moves(stops=stops, faulty_stops=faulty_stops, desired_counts=counts)
    return with_source_starts(survey, moves, paused)


def shrunk(
    survey: Survey,
    ordered: Sequence[Condition],
    too_many: int,
    crowd: Crowd,
    before: Sequence[Condition] = (),
) -> tuple[Condition, ...]:
    """Those that are too many. The lower limit holds here too: it may be the idle ones that are protected.
    `before` are stopped already.
    """
    if too_many <= 0:
        return ()
    healthy = sum(condition.healthy for condition in survey.live) - sum(c.healthy for c in before)
    idle = min(too_many, sum(not (condition.healthy or condition.protected) for condition in ordered))
    spare_healthy = max(0, healthy - survey.limits.lower)
    return roll_out(ordered, Step(idle, min(too_many - idle, spare_healthy), 0), crowd)


def outgoing_of(survey: Survey) -> list[Condition]:
    displaced = [condition for condition in survey.target.live if condition.displaced]
    return [*[condition for source in survey.sources for condition in source.live], *displaced]


def without(conditions: Iterable[Condition], gone: Iterable[Condition]) -> list[Condition]:
    arns = {condition.task.task_arn for condition in gone}
    if not arns:
        return list(conditions)
    return [condition for condition in conditions if condition.task.task_arn not in arns]


def counts_of(staying: Sequence[Condition], outgoing: Sequence[Condition]) -> Counts:
    free = [condition.healthy for condition in outgoing if not condition.protected]
    protected = [condition.healthy for condition in outgoing if condition.protected]
    return Counts(
        staying=len(staying),
        staying_healthy=[condition.healthy for condition in staying].count(True),
        outgoing_healthy=free.count(True),
        outgoing_idle=free.count(False),
        protected=len(protected),
        protected_healthy=protected.count(True),
    )


def roll_out(outgoing: Sequence[Condition], step: Step, crowd: Crowd | None = None) -> tuple[Condition, ...]:
    """The step's stops: idle ones, then healthy ones; within each, deployments in the order given."""
    chosen: list[Condition] = []
    for healthy, count in ((False, step.stop_idle), (True, step.stop_healthy)):
        alike: dict[str | None, list[Condition]] = {}
        for condition in outgoing if count else ():
            if condition.healthy == healthy:
                alike.setdefault(condition.task.deployment_id, []).append(condition)
        stopped: list[Condition] = []
        for own in alike.values():
            stopped.extend(pick(own, count - len(stopped), crowd))
        chosen.extend(stopped)
    return tuple(chosen)


def with_replacements(
    survey: Survey, moves: Moves, faulty: list[Condition], kept: int, paused: frozenset[str]
) -> Moves:
    """Unhealthy tasks: the replacement starts first where there is room; else one goes at a time, first."""
    if not faulty or survey.target.revision.service_revision_arn in paused:
        return moves
    room = survey.limits.upper - kept - moves.start
    if room > 0:
        return replace(moves, faulty=tuple(faulty), replace=min(room, len(faulty)))
    if moves.start or any(condition.pending for condition in survey.live):
        return moves
    return replace(moves, faulty_stops=(*moves.faulty_stops, faulty[0]), start=1 if room == 0 else 0)


def with_source_starts(survey: Survey, moves: Moves, paused: frozenset[str]) -> Moves:
    """A task of a replaced revision that died by itself is replaced by its like, while the roll-out lasts;
    so is one whose container instance is DRAINING.
    """
    going = (*moves.stops, *moves.faulty_stops)
    room = survey.limits.upper - (len(survey.live) - len(going)) - moves.start - moves.replace
    counts = {revision.service_revision_arn: count for revision, count in moves.desired_counts}
    starts = []
    for source in survey.sources:
        arn = source.revision.service_revision_arn
        if not is_restored(source) or arn in paused:
            continue
        kept = sum(not condition.displaced for condition in without(source.live, going))
        start = min(max(0, counts[arn] - kept), max(0, room))
        if start:
            starts.append((source.revision, start))
            room -= start
    return replace(moves, source_starts=tuple(starts))


def with_obstacles(survey: Survey, moves: Moves, step: Step, pace: Pace) -> Moves:
    """What cannot go on: for protected tasks, or for the two limits, which allow neither a start nor a stop,
    now or later by itself.
    """
    outgoing = [condition for condition in outgoing_of(survey) if condition.protected]
    staying = without(survey.staying, moves.stops)
    too_many = len(staying) - survey.desired_count
    wanted = too_many < 0 and not pace.hold and pace.starts_max != 0
    moving = step.start or step.stop_idle or step.stop_healthy or survey.leaving
    stuck = wanted and not moving and all(condition.healthy for condition in survey.live)
    if outgoing and (pace.done or stuck):
        return replace(moves, protected=len(outgoing), protected_of=outgoing[0].task.deployment_id or "")
    if too_many > 0:
        protected = sum(condition.protected for condition in staying)
        return replace(moves, protected=protected, protected_of=survey.target.revision.deployment_id)
    return replace(moves, blocked=stuck)


def with_room_made(survey: Survey, moves: Moves, refusal: Failure | None, target_born: int) -> Moves:
    """New tasks that found no place: what superseded deployments have on its way makes room for them."""
    if refusal is None:
        return moves
    superseded = [source for source in survey.sources if not is_restored(source)]
    idle = [c for source in superseded for c in source.live if not (c.healthy or c.protected)]
    moves = replace(moves, stops=(*moves.stops, *without(idle, (*moves.stops, *moves.faulty_stops))))
    first = starts_max(survey) is not None and moves.start > target_born
    return with_room_for_the_first(survey, moves) if first and held_by_tasks(refusal.reason) else moves


def with_room_for_the_first(survey: Survey, moves: Moves) -> Moves:
    """The task that settles the digests comes alone, and the maximum has room for it: so no old task was to
    go yet. When no instance has room for it one goes at a time, as far as the minimum allows.
    """
    if survey.leaving or moves.stops or moves.faulty_stops or phase_of(survey).hold:
        return moves
    outgoing = outgoing_of(survey)
    spare = sum(condition.healthy for condition in survey.live) - survey.limits.lower
    idle = any(not (condition.healthy or condition.protected) for condition in outgoing)
    step = Step(stop_idle=int(idle), stop_healthy=int(not idle and spare > 0), start=0)
    stops = roll_out(outgoing, step, crowd_of(survey))
    counts = ((survey.target.revision, survey.desired_count), *source_counts(survey, stops, over=False))
    return replace(moves, stops=stops, desired_counts=counts)
