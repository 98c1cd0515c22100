"""The tasks of each revision while traffic is shifted: as if each were a service of its own.

The two limits of the deployment configuration hold within a revision (when an unhealthy task is replaced),
not between blue and green: green scales to its full count beside blue.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from shipway.model.actions import Action
from shipway.model.service import EarlySuccess
from shipway.model.task import Task
from shipway.scheduler.back_off import BackOff, back_off
from shipway.scheduler.events import Narrator
from shipway.scheduler.launch import ground_of, launch
from shipway.scheduler.moves import Moves, plan_moves
from shipway.scheduler.placement import Failure
from shipway.scheduler.replacement import stops_and_starts
from shipway.scheduler.rolling import limits_of
from shipway.scheduler.rolling_service import desired_counts, standing_events
from shipway.scheduler.shift.course import Course, wanted_tasks
from shipway.scheduler.survey import Rollout, Survey
from shipway.seams import Ids


class RevisionTasks(msgspec.Struct, frozen=True, kw_only=True):
    """One revision: what is planned for its tasks, and its pause after failed starts."""

    alone: Survey
    moves: Moves
    pause: BackOff


class TaskMoves(msgspec.Struct, frozen=True):
    """What the pass does with tasks, whether that is nothing, its pauses, and whether one found no place."""

    actions: tuple[Action, ...]
    still: bool
    pauses: tuple[int, ...]
    unplaced: bool


def task_moves(course: Course, narrator: Narrator, ids: Ids) -> TaskMoves:
    parts = [part_of(course, rollout, wanted) for rollout, wanted in wanted_tasks(course)]
    stopping = tuple(
        condition.task for part in parts for condition in (*part.moves.stops, *part.moves.faulty_stops)
    )
    replaced = tuple(condition.task for part in parts for condition in part.moves.faulty)
    ground = ground_of(course.survey.snapshot, stopping, replaced)
    actions: list[Action] = []
    failure: Failure | None = None
    for part in parts:
        revision, moves = part.alone.target.revision, part.moves
        launched = launch(course.survey.snapshot, revision, moves.start + moves.replace, ground, ids)
        ground, failure = launched.ground, failure or launched.failure
        actions.extend(moved(part, launched.tasks, narrator))
    actions.extend(standing(course, parts, failure, narrator))
    still = all(part.moves.nothing for part in parts)
    pauses = tuple(part.pause.until for part in parts)
    return TaskMoves(tuple(actions), still, pauses, failure is not None)


def part_of(course: Course, rollout: Rollout, wanted: int | None) -> RevisionTasks:
    snapshot = course.survey.snapshot
    own = snapshot.tasks_of(rollout.revision.deployment_id)
    pause = back_off(rollout.revision, own, snapshot.timing, snapshot.now_ms)
    paused = {rollout.revision.service_revision_arn} if pause.until > snapshot.now_ms else set()
    alone = on_its_own(course.survey, rollout, len(rollout.live) if wanted is None else wanted)
    if wanted is None:
        return RevisionTasks(alone=alone, moves=Moves(), pause=pause)
    moves = plan_moves(alone, frozenset(paused))
    if wanted == 0:
        moves = replace(moves, protected=sum(condition.protected for condition in rollout.live))
    return RevisionTasks(alone=alone, moves=moves, pause=pause)


def on_its_own(survey: Survey, rollout: Rollout, wanted: int) -> Survey:
    """The survey as it would be if the revision were all there is of the service."""
    configuration = replace(survey.snapshot.service.deployment_configuration, early_success=EarlySuccess())
    service = replace(survey.snapshot.service, desired_count=wanted, deployment_configuration=configuration)
    kept = replace(rollout, revision=replace(rollout.revision, rollout_state="IN_PROGRESS"))
    return Survey(
        snapshot=replace(survey.snapshot, service=service),
        target=kept,
        sources=(),
        limits=limits_of(wanted, configuration),
    )


def moved(part: RevisionTasks, born: tuple[Task, ...], narrator: Narrator) -> tuple[Action, ...]:
    moves = stops_and_starts(part.alone, part.moves, born, len(born), narrator)
    return (*moves, *desired_counts(part.moves))


def standing(
    course: Course, parts: list[RevisionTasks], failure: Failure | None, narrator: Narrator
) -> tuple[Action, ...]:
    """Events about what stands in the way are told of the revision that is to serve."""
    last = course.blue if course.backwards and course.blue else course.green
    leading = next(
        part
        for part in parts
        if part.alone.target.revision.service_revision_arn == last.revision.service_revision_arn
    )
    protected = sum(part.moves.protected for part in parts)
    pauses = {last.revision.service_revision_arn: leading.pause}
    moves = replace(leading.moves, protected=protected)
    return standing_events(leading.alone, moves, failure, pauses, narrator)
