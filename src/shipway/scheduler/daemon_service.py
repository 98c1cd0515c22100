"""One pass over a DAEMON service: one task on every ACTIVE container instance that its constraints allow.

A seat (`daemon_seats`) is what a count is for a REPLICA service. Updates stop first: a task of the replaced
revision goes as far as minimumHealthyPercent of the seats allows, and the new one starts when it is gone, so
an instance never has two. Tasks on instances that drain go last, when only daemons are left there; tasks on
instances that no longer meet the constraints go at once. Books, verdicts and completion are those of a
rolling update, over the seats.
"""

from __future__ import annotations

import msgspec

from shipway.model.actions import Action, Plan
from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import ServiceSnapshot
from shipway.model.task import Task
from shipway.scheduler import deployments
from shipway.scheduler.back_off import BackOff, back_off
from shipway.scheduler.daemon_seats import Seat, eligible_for, elsewhere, seated, seats_of, speaks_of_tasks
from shipway.scheduler.events import Narrator, narrator_of, stopped_running
from shipway.scheduler.failures import failed_health_check
from shipway.scheduler.health import Condition
from shipway.scheduler.launch import NO_DEFINITION, Launched, birth_of, born_on, ground_of
from shipway.scheduler.moves import Moves, roll_out
from shipway.scheduler.replacement import start_actions, stop, stop_actions
from shipway.scheduler.rolling import Step
from shipway.scheduler.rolling_service import desired_counts, standing_events, wake_at
from shipway.scheduler.steady import is_steady, steady_actions
from shipway.scheduler.survey import Survey, survey_of
from shipway.scheduler.verdict import judged, rollback_candidate
from shipway.seams import Ids


class Start(msgspec.Struct, frozen=True):
    """Seats that get a task, of one revision."""

    revision: ServiceRevision
    seats: tuple[Seat, ...] = ()


def decide_daemon(snapshot: ServiceSnapshot, ids: Ids) -> Plan:
    narrator = narrator_of(snapshot, ids)
    views = eligible_for(snapshot)
    survey = survey_of(seated(snapshot, views))
    books = (
        *deployments.begun_and_superseded(survey),
        *deployments.marked_health(survey),
        *deployments.counted_failures(survey),
    )
    verdict = judged(survey, narrator)
    if verdict:
        return Plan((*books, *verdict))
    seats = seats_of(survey, views)
    away = elsewhere(snapshot, views)
    start = starts(survey, seats)
    pauses = {seat.instance_arn: pause_of(survey, start.revision, seat) for seat in start.seats}
    free = tuple(seat for seat in start.seats if pauses[seat.instance_arn].until <= snapshot.now_ms)
    moves = plan_moves(survey, seats, msgspec.structs.replace(start, seats=free))
    launched = launch(survey, start.revision, free, ids)
    moved = (
        *dismissed(snapshot, away, narrator),
        *stop_actions(survey, moves.stops, moves.faulty_stops, narrator),
        *start_actions(survey, launched.tasks, replaced(launched.tasks, seats), narrator),
    )
    worst = max(pauses.values(), key=lambda pause: (pause.throttled, pause.failures), default=BackOff())
    told = {survey.target.revision.service_revision_arn: worst}
    standing = standing_events(survey, moves, launched.failure, told, narrator)
    protections = [task.protected_until or 0 for task in away]
    unprotected_at = min((moment for moment in protections if moment > snapshot.now_ms), default=None)
    return Plan(
        (*books, *moved, *desired_counts(moves), *standing, *finish(survey, moves, bool(away), narrator)),
        min((moment for moment in (wake_at(survey, pauses, moves), unprotected_at) if moment), default=None),
        # Daemons leave a draining instance last, and constraints may speak of other tasks.
        watches_fleet=launched.failure is not None or bool(away) or speaks_of_tasks(snapshot),
    )


def starts(survey: Survey, seats: tuple[Seat, ...]) -> Start:
    """The empty seats get the PRIMARY revision. Did it fail, only those get one that lost their old task."""
    empty = tuple(seat for seat in seats if seat.empty)
    if not survey.target.failed:
        return Start(survey.target.revision, empty)
    before = rollback_candidate(survey)
    if before is None:
        return Start(survey.target.revision)
    bereft = tuple(s for s in empty if s.newest and s.newest.deployment_id == before.deployment_id)
    return Start(before, bereft)


def pause_of(survey: Survey, revision: ServiceRevision, seat: Seat) -> BackOff:
    """Each instance backs off by itself: what fails on one may run well on the others."""
    snapshot = survey.snapshot
    here = tuple(task for task in snapshot.tasks if task.container_instance_arn == seat.instance_arn)
    return back_off(revision, here, snapshot.timing, snapshot.now_ms)


def plan_moves(survey: Survey, seats: tuple[Seat, ...], start: Start) -> Moves:
    faulty = tuple(c for seat in seats for c in seat.live if c.fault and not is_failed(survey, c))
    sound = [sorted((c for c in seat.live if c not in faulty), key=lambda c: not c.healthy) for seat in seats]
    surplus = tuple(condition for here in sound for condition in here[1:])
    outgoing = [here[0] for here in sound if here and is_outgoing(survey, here[0])]
    healthy = sum(here[0].healthy for here in sound if here)
    spare = max(0, healthy - survey.limits.lower)
    idle = sum(not condition.healthy for condition in outgoing)
    stops = (*surplus, *roll_out(outgoing, Step(idle, spare, 0)))
    waiting = [condition for condition in outgoing if condition not in stops]
    moving = stops or faulty or start.seats or survey.leaving
    return Moves(
        stops=stops,
        faulty_stops=faulty,
        start=len(start.seats),
        desired_counts=counts(survey, (*stops, *faulty), start),
        blocked=bool(waiting) and not moving and not any(c.protected or not c.healthy for c in survey.live),
        protected=0 if moving else sum(condition.protected for condition in waiting),
    )


def is_outgoing(survey: Survey, condition: Condition) -> bool:
    """Of a replaced revision. A deployment that failed replaces nothing any more."""
    return not survey.target.failed and condition not in survey.target.live


def is_failed(survey: Survey, condition: Condition) -> bool:
    """Nothing would take its place: what a failed deployment has started is left as it is."""
    return survey.target.failed and condition in survey.target.live


def counts(
    survey: Survey, stops: tuple[Condition, ...], start: Start
) -> tuple[tuple[ServiceRevision, int], ...]:
    """The PRIMARY deployment wants every seat; a replaced one what it still has."""
    found = [] if survey.target.failed else [(survey.target.revision, survey.desired_count)]
    for source in survey.sources:
        kept = sum(condition not in stops for condition in source.live)
        restored = len(start.seats) if start.revision is source.revision else 0
        found.append((source.revision, kept + restored))
    return tuple(found)


def launch(survey: Survey, revision: ServiceRevision, seats: tuple[Seat, ...], ids: Ids) -> Launched:
    ground = ground_of(survey.snapshot, ())
    definition = survey.snapshot.task_definitions.get(revision.task_definition_arn)
    if definition is None:
        return Launched((), ground, NO_DEFINITION if seats else None)
    birth = birth_of(survey.snapshot, revision, definition)
    return born_on(birth, (seat.view for seat in seats), ground, ids)


def replaced(born: tuple[Task, ...], seats: tuple[Seat, ...]) -> int:
    """How many of these take the place of a task that failed a health check."""
    unhealthy = {seat.instance_arn for seat in seats if seat.newest and failed_health_check(seat.newest)}
    return sum(task.container_instance_arn in unhealthy for task in born)


def dismissed(snapshot: ServiceSnapshot, away: tuple[Task, ...], narrator: Narrator) -> tuple[Action, ...]:
    """The tasks on instances that should have none: unfit ones at once, those of draining ones last, and no
    protected ones.
    """
    views = {view.instance.container_instance_arn: view for view in snapshot.fleet.instances}
    going: list[tuple[Task, str]] = []
    for task in away:
        if (task.protected_until or 0) > snapshot.now_ms:
            continue
        view = views.get(task.container_instance_arn or "")
        if task.desired_status == "STOPPED" or view is None or view.instance.status == "INACTIVE":
            continue
        if view.instance.status != "DRAINING":
            going.append((task, "Its container instance does not meet the placement constraints."))
        elif view.only_daemons:
            going.append((task, "Its container instance is DRAINING, and no other task is left there."))
    stops = tuple(
        stop(task, f"Scaling activity initiated by (deployment {task.deployment_id})", reason)
        for task, reason in going
    )
    running = [task for task, _ in going if task.running]
    if not running:
        return stops
    return (*stops, *narrator.tell(stopped_running(running), "Their instances are to have none."))


def finish(survey: Survey, moves: Moves, away: bool, narrator: Narrator) -> tuple[Action, ...]:
    """Tasks elsewhere do not hold up a deployment; the steady state waits for their end."""
    completing = (
        moves.nothing
        and survey.target.in_progress
        and deployments.rolled_out(survey)
        and deployments.bake_until(survey) <= survey.snapshot.now_ms
    )
    steady = moves.nothing and not away and is_steady(survey, completing)
    completed = deployments.completion(survey, narrator) if completing else ()
    return (*completed, *steady_actions(survey, steady, narrator))
