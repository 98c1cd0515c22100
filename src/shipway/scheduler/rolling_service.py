"""One pass over a REPLICA service with rolling updates: from its snapshot to a plan.

Survey (the condition of each task), books (health and failures), verdict (the deployment failed, or was
stopped: the next pass goes on from there), moves (whom to stop, how many to start), launch (where), and
what is over. Level triggered: the plan of a snapshot on which nothing has to change is empty, so a pass
after each commit comes to rest.
"""

from __future__ import annotations

from shipway.model.actions import Action, Plan, SetDesiredCount
from shipway.model.snapshot import ServiceSnapshot
from shipway.model.task import Task
from shipway.scheduler import deployments, events
from shipway.scheduler.back_off import BackOff, back_off
from shipway.scheduler.early_success import baked_at, early_of, is_early_success
from shipway.scheduler.events import Narrator, narrator_of
from shipway.scheduler.launch import Launched, ground_of, launch
from shipway.scheduler.moves import Moves, plan_moves, with_room_made
from shipway.scheduler.placement import Failure
from shipway.scheduler.rebalancing import rebalance
from shipway.scheduler.replacement import stops_and_starts
from shipway.scheduler.steady import is_steady, repeat_at, steady_actions
from shipway.scheduler.survey import Survey, survey_of
from shipway.scheduler.verdict import judged
from shipway.seams import Ids


def decide_rolling(snapshot: ServiceSnapshot, ids: Ids) -> Plan:
    narrator = narrator_of(snapshot, ids)
    survey = survey_of(snapshot)
    books = (
        *deployments.begun_and_superseded(survey),
        *deployments.marked_health(survey),
        *deployments.counted_failures(survey),
    )
    verdict = judged(survey, narrator)
    if verdict:
        return Plan((*books, *verdict))
    pauses = back_offs(survey)
    paused = frozenset(arn for arn, pause in pauses.items() if pause.until > snapshot.now_ms)
    zones = rebalance(survey, bool(paused), narrator, ids)
    if zones.holds:
        return Plan((*books, *zones.actions), wake_at(survey, pauses, Moves()))
    moves = plan_moves(survey, paused)
    launched = launch_all(survey, moves, ids)
    target_born = sum(task.deployment_id == survey.target.revision.deployment_id for task in launched.tasks)
    moves = with_room_made(survey, moves, launched.failure, target_born)
    moved = stops_and_starts(survey, moves, launched.tasks, target_born, narrator)
    standing = standing_events(survey, moves, launched.failure, pauses, narrator)
    return Plan(
        (*books, *zones.actions, *moved, *desired_counts(moves), *standing, *finish(survey, moves, narrator)),
        wake_at(survey, pauses, moves),
        watches_fleet=launched.failure is not None or zones.watches_fleet,
    )


def back_offs(survey: Survey) -> dict[str, BackOff]:
    snapshot = survey.snapshot
    return {
        rollout.revision.service_revision_arn: back_off(
            rollout.revision,
            snapshot.tasks_of(rollout.revision.deployment_id),
            snapshot.timing,
            snapshot.now_ms,
        )
        for rollout in (survey.target, *survey.sources)
    }


def launch_all(survey: Survey, moves: Moves, ids: Ids) -> Launched:
    """The PRIMARY revision's tasks first: a replaced revision gets what is left."""
    stopping = tuple(condition.task for condition in (*moves.stops, *moves.faulty_stops))
    replaced = tuple(condition.task for condition in moves.faulty)
    ground = ground_of(survey.snapshot, stopping, replaced)
    tasks: tuple[Task, ...] = ()
    failure: Failure | None = None
    for revision, count in ((survey.target.revision, moves.start + moves.replace), *moves.source_starts):
        launched = launch(survey.snapshot, revision, count, ground, ids)
        ground, tasks, failure = launched.ground, (*tasks, *launched.tasks), failure or launched.failure
    return Launched(tasks, ground, failure)


def desired_counts(moves: Moves) -> tuple[Action, ...]:
    return tuple(
        SetDesiredCount(
            service_revision_arn=revision.service_revision_arn,
            desired_count=count,
            reason=f"It was {revision.desired_count}.",
        )
        for revision, count in moves.desired_counts
        if count != revision.desired_count
    )


def standing_events(
    survey: Survey, moves: Moves, failure: Failure | None, pauses: dict[str, BackOff], narrator: Narrator
) -> tuple[Action, ...]:
    """What stands in the way, each told once while it does."""
    revision = survey.target.revision
    # Tasks that are leaving may free the very room: no complaint before they are gone.
    patient = failure is not None and bool(survey.leaving or moves.stops or moves.faulty_stops)
    pause = pauses[revision.service_revision_arn]
    told: dict[str, tuple[str, str, str] | None] = {
        events.PLACEMENT: (
            (failure.reason, events.unable_to_place(failure, revision.launch_type), nearest(failure))
            if failure
            else None
        ),
        events.START_FAILURES: (
            ("", events.UNABLE_TO_START, f"{pause.failures} tasks in a row did not last.")
            if pause.throttled and not survey.target.failed
            else None
        ),
        events.CONFIGURATION: (
            ("", events.BLOCKED, f"The limits are {survey.limits.lower} and {survey.limits.upper} tasks.")
            if moves.blocked
            else None
        ),
        events.PROTECTION: (
            ("", unable_to_scale_in(survey, moves), f"{moves.protected} tasks are protected.")
            if moves.protected
            else None
        ),
    }
    if patient:
        del told[events.PLACEMENT]
    return tuple(action for kind, what in told.items() for action in narrator.standing(kind, what))


def unable_to_scale_in(survey: Survey, moves: Moves) -> str:
    """Of which deployment, and how many. The tasks of a replaced one are all too many."""
    target_id = survey.target.revision.deployment_id
    deployment_id = moves.protected_of or target_id
    enough = survey.desired_count if deployment_id == target_id else moves.protected
    return events.unable_to_scale_in(deployment_id, moves.protected, enough)


def nearest(failure: Failure) -> str:
    return f"{failure.reason}: {failure.detail}."


def finish(survey: Survey, moves: Moves, narrator: Narrator) -> tuple[Action, ...]:
    """`deployment completed`, then `has reached a steady state`, in the same pass."""
    completing = survey.target.in_progress and completes(survey, moves)
    steady = moves.nothing and is_steady(survey, completing)
    completed = deployments.completion(survey, narrator) if completing else ()
    return (*completed, *steady_actions(survey, steady, narrator))


def completes(survey: Survey, moves: Moves) -> bool:
    early = early_of(survey)
    if early is not None:
        return is_early_success(survey, early)
    baked = deployments.bake_until(survey) <= survey.snapshot.now_ms
    return moves.nothing and deployments.rolled_out(survey) and baked


def wake_at(survey: Survey, pauses: dict[str, BackOff], moves: Moves) -> int | None:
    now_ms = survey.snapshot.now_ms
    moments = [condition.changes_at or 0 for condition in survey.live]
    moments += [pause.until for pause in pauses.values()]
    repeat_ms = survey.snapshot.timing.cause_repeat_ms
    moments += [told_at + repeat_ms for told_at in survey.snapshot.service.told_at.values()]
    early = early_of(survey)
    if early is not None:
        moments.append(baked_at(survey, early))
    elif survey.target.in_progress:
        moments.append(deployments.bake_until(survey))
    elif moves.nothing and is_steady(survey, False):
        moments.append(repeat_at(survey))
    return min([moment for moment in moments if moment > now_ms], default=None)
