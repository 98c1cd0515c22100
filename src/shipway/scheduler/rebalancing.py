"""Availability Zone rebalancing of a steady service: a task starts in the emptiest zone, and once it is
healthy one in the fullest zone is stopped.

`service.rebalancing` holds the desired count for which it was begun: while it is set, tasks beyond the
desired count are there on purpose, and the ordinary moves keep still. A deployment, a change of the desired
count, a task that is lost, unhealthy or displaced, one that finds no place, or protected tasks end it; what
is too many is then scaled in as ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from shipway.model.actions import Action, SetRebalancing, StartTask
from shipway.model.snapshot import Fleet, InstanceView
from shipway.model.task import Task
from shipway.scheduler import events
from shipway.scheduler.birth import wanted_by
from shipway.scheduler.constraints import constraint_miss
from shipway.scheduler.events import Narrator
from shipway.scheduler.filters import Wanted, attributes
from shipway.scheduler.ground import Ground
from shipway.scheduler.health import Condition
from shipway.scheduler.launch import birth_of, launch
from shipway.scheduler.placement import Failure, active
from shipway.scheduler.replacement import stop
from shipway.scheduler.scale_in import pick
from shipway.scheduler.steady import is_steady, steady_actions
from shipway.scheduler.strategies import ZONE
from shipway.scheduler.survey import Survey
from shipway.seams import Ids


class Rebalancing(msgspec.Struct, frozen=True):
    """What a pass does about zones. `holds`: the ordinary moves are not made in this pass."""

    actions: tuple[Action, ...] = ()
    holds: bool = False
    watches_fleet: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """A zone that could take fewer tasks than it should, and the nearest miss."""

    zone: str
    failure: Failure


class ZoneMove(msgspec.Struct, frozen=True):
    donor: str
    receiver: str


def rebalance(survey: Survey, paused: bool, narrator: Narrator, ids: Ids) -> Rebalancing:
    """`paused`: the PRIMARY revision backs off after failed starts."""
    if survey.snapshot.service.rebalancing is None:
        ready = survey.snapshot.service.steady_at is not None and is_steady(survey, False) and not paused
        return begun(survey, narrator, ids) if ready and eligible(survey) else Rebalancing()
    interruption = interrupted_by(survey, paused)
    if interruption:
        return given_up(survey, interruption, narrator)
    return continued(survey, narrator, ids)


def eligible(survey: Survey) -> bool:
    """ECS's conditions. Fargate's tasks all have the zone of its one instance here: nothing to balance."""
    service, revision = survey.snapshot.service, survey.target.revision
    definition = survey.snapshot.task_definitions.get(revision.task_definition_arn)
    if definition is None:
        return False
    constraints = (*service.placement_constraints, *(definition.body.get("placementConstraints") or []))
    first = next(iter(service.placement_strategy), {"type": "spread", "field": ZONE})
    return (
        service.availability_zone_rebalancing == "ENABLED"
        and service.scheduling_strategy == "REPLICA"
        and service.deployment_configuration.maximum_percent > 100
        and revision.launch_type != "EXTERNAL"
        and first.get("type") == "spread"
        and str(first.get("field")).removeprefix("attribute:") == ZONE
        and not any(ZONE in str(constraint.get("expression") or "") for constraint in constraints)
    )


def interrupted_by(survey: Survey, paused: bool) -> str:
    """Why it cannot go on, or nothing."""
    snapshot, live = survey.snapshot, survey.target.live
    if not eligible(survey):
        return "The service is not eligible for it any more."
    alone = not any(source.live or source.leaving for source in survey.sources)
    if survey.target.revision.rollout_state != "COMPLETED" or not alone:
        return "A deployment has begun."
    if snapshot.service.rebalancing != survey.desired_count:
        return "The desired count has changed."
    if paused or len(live) < survey.desired_count or any(condition.fault for condition in live):
        return "Tasks fail."
    if any(condition.displaced for condition in live):
        return "A container instance drains."
    return ""


def begun(survey: Survey, narrator: Narrator, ids: Ids) -> Rebalancing:
    counts = counts_of(survey)
    moves = moves_between(counts, receivers_of(survey))
    possible = [move for move in moves if donors_of(survey, move.donor)]
    protection = unable_to_stop(survey, narrator, bool(moves) and not possible)
    room = survey.limits.upper - len(survey.live)
    born, refusal = born_in(survey, possible[: max(0, room)], ids)
    told = unable_to_place(narrator, None if born else refusal)
    if not born:
        return Rebalancing((*protection, *told), watches_fleet=refusal is not None)
    reason = f"The zones differ by {max(counts.values()) - min(counts.values())} tasks."
    begin = SetRebalancing(
        service_arn=survey.snapshot.service.service_arn, desired_count=survey.desired_count, reason=reason
    )
    begin_told = narrator.tell(events.not_balanced(counts), reason)
    return Rebalancing((*told, begin, *begin_told, *started(survey, born, narrator)), holds=True)


def continued(survey: Survey, narrator: Narrator, ids: Ids) -> Rebalancing:
    """One step at a time: what was started becomes healthy, what was stopped goes, then the next."""
    live = survey.target.live
    if survey.leaving or not all(condition.healthy for condition in live):
        return Rebalancing(steady_actions(survey, False, narrator), holds=True)
    if len(live) > survey.desired_count:
        return narrowed(survey, narrator)
    counts = counts_of(survey)
    moves = moves_between(counts, receivers_of(survey))
    if not moves:
        reason = "No two zones differ by more than one task."
        return Rebalancing((ended(survey, reason), *narrator.tell(events.balanced(counts), reason)))
    possible = [move for move in moves if donors_of(survey, move.donor)]
    if not possible:
        return given_up(survey, "Tasks are protected.", narrator)
    born, refusal = born_in(survey, possible[: survey.limits.upper - len(live)], ids)
    if not born:
        given = given_up(survey, "A task finds no place.", narrator)
        told = unable_to_place(narrator, refusal)
        return msgspec.structs.replace(given, actions=(*told, *given.actions))
    return Rebalancing(started(survey, born, narrator), holds=True)


def narrowed(survey: Survey, narrator: Narrator) -> Rebalancing:
    """What is too many by now goes, each from the zone that is the fullest then."""
    left = list(survey.target.live)
    chosen: list[Condition] = []
    while len(left) > survey.desired_count:
        zones = Counter(condition.task.availability_zone or "" for condition in left)
        free = [condition for condition in left if not condition.protected]
        fullest = min(
            {condition.task.availability_zone or "" for condition in free},
            key=lambda zone: (-zones[zone], zone),
            default=None,
        )
        if fullest is None or zones[fullest] < max(zones.values()):
            told = unable_to_stop(survey, narrator, True)
            given = given_up(survey, "Tasks are protected.", narrator)
            return msgspec.structs.replace(given, actions=(*told, *given.actions))
        (first,) = pick((c for c in free if (c.task.availability_zone or "") == fullest), 1)
        left.remove(first)
        chosen.append(first)
    return Rebalancing(stopped(survey, chosen, narrator), holds=True)


def given_up(survey: Survey, why: str, narrator: Narrator) -> Rebalancing:
    return Rebalancing((ended(survey, why), *narrator.tell(events.REBALANCING_STOPPED, why)))


def ended(survey: Survey, why: str) -> SetRebalancing:
    return SetRebalancing(service_arn=survey.snapshot.service.service_arn, desired_count=None, reason=why)


def counts_of(survey: Survey) -> dict[str, int]:
    """The live tasks of each zone: of those that could take one, and of those that hold one."""
    counts = dict.fromkeys(sorted(receivers_of(survey)), 0)
    for condition in survey.target.live:
        zone = condition.task.availability_zone or ""
        counts[zone] = counts.get(zone, 0) + 1
    return counts


def receivers_of(survey: Survey) -> frozenset[str]:
    """Zones with an instance that could take a task of the service, were there room."""
    snapshot, revision = survey.snapshot, survey.target.revision
    definition = snapshot.task_definitions[revision.task_definition_arn]
    wanted = wanted_by(birth_of(snapshot, revision, definition))
    views = [view for view in active(snapshot.fleet) if view.instance.agent_connected and suits(view, wanted)]
    return frozenset(view.instance.availability_zone for view in views)


def suits(view: InstanceView, wanted: Wanted) -> bool:
    lasting = tuple(c for c in wanted.constraints if c.get("type") != "distinctInstance")
    return constraint_miss(view, lasting, wanted.group) is None and attributes(view, wanted) is None


def moves_between(counts: Mapping[str, int], receivers: Iterable[str]) -> list[ZoneMove]:
    """From the fullest zone to the emptiest, until they differ by one at most. As few as possible."""
    now, takers = dict(counts), sorted(receivers)
    moves: list[ZoneMove] = []
    while takers:
        receiver = min(takers, key=lambda zone: (now[zone], zone))
        donor = min(now, key=lambda zone: (-now[zone], zone))
        if now[donor] - now[receiver] <= 1:
            break
        now[donor] -= 1
        now[receiver] += 1
        moves.append(ZoneMove(donor, receiver))
    return moves


def donors_of(survey: Survey, zone: str) -> bool:
    live = survey.target.live
    return any(not c.protected for c in live if (c.task.availability_zone or "") == zone)


def born_in(
    survey: Survey, moves: list[ZoneMove], ids: Ids
) -> tuple[dict[str, tuple[Task, ...]], Refusal | None]:
    """The tasks born by zone, and the first refusal."""
    snapshot = survey.snapshot
    addresses = snapshot.addresses
    refusal: Refusal | None = None
    born: dict[str, tuple[Task, ...]] = {}
    for zone, count in sorted(Counter(move.receiver for move in moves).items()):
        here = tuple(v for v in snapshot.fleet.instances if v.instance.availability_zone == zone)
        ground = Ground(Fleet(snapshot.fleet.cluster_arn, here), addresses)
        earlier = tuple(task for tasks in born.values() for task in tasks)
        launched = launch(snapshot, survey.target.revision, count, ground, ids, earlier)
        addresses = launched.ground.addresses
        refusal = refusal or (Refusal(zone, launched.failure) if launched.failure else None)
        if launched.tasks:
            born[zone] = launched.tasks
    return born, refusal


def started(survey: Survey, born: Mapping[str, tuple[Task, ...]], narrator: Narrator) -> tuple[Action, ...]:
    actions: list[Action] = []
    for zone, tasks in born.items():
        reason = f"{zone} has too few tasks of the service."
        actions += [StartTask(task=task, reason=reason) for task in tasks]
        actions += narrator.tell(events.started_in_zone(tasks, zone), reason)
    return (*actions, *steady_actions(survey, False, narrator))


def stopped(survey: Survey, chosen: Iterable[Condition], narrator: Narrator) -> tuple[Action, ...]:
    by_zone: dict[str, list[Task]] = {}
    for condition in chosen:
        by_zone.setdefault(condition.task.availability_zone or "", []).append(condition.task)
    actions: list[Action] = []
    for zone, tasks in sorted(by_zone.items()):
        reason = f"{zone} has too many tasks of the service."
        scaling = f"Scaling activity initiated by (deployment {survey.target.revision.deployment_id})"
        actions += [stop(task, scaling, reason) for task in tasks]
        actions += narrator.tell(events.stopped_in_zone(tasks, zone), reason)
    return (*actions, *steady_actions(survey, False, narrator))


def unable_to_place(narrator: Narrator, refusal: Refusal | None) -> tuple[Action, ...]:
    if refusal is None:
        return narrator.standing(events.ZONE_PLACEMENT, None)
    sentence = events.unable_to_place_in_zone(refusal.zone)
    reason = f"{refusal.failure.reason}: {refusal.failure.detail}."
    return narrator.standing(events.ZONE_PLACEMENT, (refusal.zone, sentence, reason))


def unable_to_stop(survey: Survey, narrator: Narrator, stands: bool) -> tuple[Action, ...]:
    protected = sum(condition.protected for condition in survey.target.live)
    sentence = events.unable_to_rebalance(survey.target.revision.deployment_id, protected)
    told = ("", sentence, "Tasks are protected.") if stands else None
    return narrator.standing(events.ZONE_PROTECTION, told)
