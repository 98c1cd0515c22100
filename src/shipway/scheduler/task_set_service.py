"""One pass over a service whose deployments are driven from outside: it keeps its task sets, and no more.

Each task set is kept like a REPLICA service of its own, with its share of the desired count: whoever drives
the deployment (CodeDeploy, or a user's own controller) scales, shifts traffic and switches the PRIMARY one.
Task sets share instances, so a pass that starts tasks of one leaves the others to the next pass, which its
commit brings about.
"""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model.actions import (
    Action,
    Plan,
    RemoveTaskSet,
    SetDesiredCount,
    SetStability,
    SetSteady,
    StartTask,
    StopTask,
)
from shipway.model.snapshot import ServiceSnapshot, TargetView, TaskSetView
from shipway.model.task import Task
from shipway.scheduler import deployments, events
from shipway.scheduler.events import Narrator, narrator_of
from shipway.scheduler.moves import Moves, plan_moves
from shipway.scheduler.replacement import stop, stops_and_starts
from shipway.scheduler.rolling_service import back_offs, launch_all, standing_events, wake_at
from shipway.scheduler.survey import Survey, survey_of
from shipway.seams import Ids

CHANGES = (RemoveTaskSet, SetStability, StartTask, StopTask)


def decide_task_sets(snapshot: ServiceSnapshot, ids: Ids) -> Plan:
    actions: list[Action] = []
    moments: list[int | None] = []
    watches_fleet = False
    for view in snapshot.task_sets:
        plan = (decide_draining if view.task_set.status == "DRAINING" else decide_task_set)(
            snapshot, view, ids
        )
        actions += plan.actions
        moments.append(plan.wake_at)
        watches_fleet |= plan.watches_fleet
        if any(isinstance(action, StartTask) for action in plan.actions):
            break
    changing = any(isinstance(action, CHANGES) for action in actions)
    actions += steady_state(snapshot, changing, narrator_of(snapshot, ids))
    moments.append(repeat_at(snapshot))
    later = (moment for moment in moments if moment and moment > snapshot.now_ms)
    return Plan(tuple(actions), min(later, default=None), watches_fleet)


def decide_task_set(snapshot: ServiceSnapshot, view: TaskSetView, ids: Ids) -> Plan:
    survey = survey_of(alone(snapshot, view))
    narrator = narrator_of(snapshot, ids, view.task_set.task_set_id)
    pauses = back_offs(survey)
    paused = frozenset(arn for arn, pause in pauses.items() if pause.until > snapshot.now_ms)
    moves = plan_moves(survey, paused)
    launched = launch_all(survey, moves, ids)
    plan = (
        *deployments.marked_health(survey),
        *counted(snapshot, view, ids),
        *stops_and_starts(survey, moves, launched.tasks, len(launched.tasks), narrator),
        *standing_events(survey, moves, launched.failure, pauses, narrator),
        *stability(survey, view, moves),
    )
    return Plan(plan, wake_at(survey, pauses, moves), watches_fleet=launched.failure is not None)


def alone(snapshot: ServiceSnapshot, view: TaskSetView) -> ServiceSnapshot:
    """The task set as if it were a service: its share of the count, its revision, its tasks."""
    service, task_set = snapshot.service, view.task_set
    own = tuple(task for task in snapshot.tasks if task.deployment_id == task_set.task_set_id)
    return replace(
        snapshot,
        service=replace(
            service,
            desired_count=task_set.computed_desired_count(service.desired_count),
            revision_arn=view.revision.service_revision_arn,
        ),
        revisions=(view.revision,),
        task_sets=(),
        tasks=own,
        targets={arn: tuple(map(counted_as_healthy, views)) for arn, views in snapshot.targets.items()},
        fleet=view.fleet,
    )


def counted_as_healthy(view: TargetView) -> TargetView:
    """Nobody checks a target group without traffic, and a replacement is started before it gets any."""
    return replace(view, state="healthy") if view.state == "unused" else view


def counted(snapshot: ServiceSnapshot, view: TaskSetView, ids: Ids) -> tuple[Action, ...]:
    """The share of the desired count is told when it changes, in the service's own name."""
    count = view.task_set.computed_desired_count(snapshot.service.desired_count)
    if count == view.revision.desired_count:
        return ()
    reason = f"{view.task_set.scale_percent:g} percent of {snapshot.service.desired_count} tasks are wanted."
    action = SetDesiredCount(
        service_revision_arn=view.revision.service_revision_arn, desired_count=count, reason=reason
    )
    text = events.updated_desired_count(view.task_set.task_set_id, count)
    return (action, *narrator_of(snapshot, ids).tell(text, reason))


def stability(survey: Survey, view: TaskSetView, moves: Moves) -> tuple[Action, ...]:
    stable = moves.nothing and deployments.rolled_out(survey)
    status = "STEADY_STATE" if stable else "STABILIZING"
    if status == view.task_set.stability_status:
        return ()
    reason = f"{survey.staying_healthy} of {survey.desired_count} tasks are healthy, {len(survey.live)} live."
    return (SetStability(task_set_arn=view.task_set.task_set_arn, stability_status=status, reason=reason),)


def decide_draining(snapshot: ServiceSnapshot, view: TaskSetView, ids: Ids) -> Plan:
    """A deleted task set: its tasks stop, targets drained first; it is forgotten when none is left."""
    task_set = view.task_set
    reason = "The task set was deleted."
    left = [t for t in snapshot.tasks if t.deployment_id == task_set.task_set_id and not t.stopped]
    if not left:
        action = RemoveTaskSet(task_set_arn=task_set.task_set_arn, reason="No task of it is left.")
        return Plan((*counted(snapshot, view, ids), action))
    going = [task for task in left if task.desired_status == "RUNNING"]
    stopped_reason = f"Scaling activity initiated by (deployment {task_set.task_set_id})"
    stops = tuple(stop(task, stopped_reason, reason) for task in going)
    return Plan((*counted(snapshot, view, ids), *stops, *told(snapshot, going, task_set.task_set_id, ids)))


def told(snapshot: ServiceSnapshot, going: list[Task], task_set_id: str, ids: Ids) -> tuple[Action, ...]:
    running = [task for task in going if task.running]
    if not running:
        return ()
    narrator = narrator_of(snapshot, ids, task_set_id)
    return narrator.tell(events.stopped_running(running), "The task set was deleted.")


def steady_state(snapshot: ServiceSnapshot, changing: bool, narrator: Narrator) -> tuple[Action, ...]:
    """The service is steady when every task set is, and no task is leaving."""
    service = snapshot.service
    sets = [view.task_set for view in snapshot.task_sets]
    settled = all(task_set.stability_status == "STEADY_STATE" for task_set in sets)
    leaving = any(not task.stopped and task.desired_status == "STOPPED" for task in snapshot.tasks)
    steady = bool(sets) and settled and not leaving and not changing
    entered = steady and (service.steady_at is None or snapshot.now_ms >= (repeat_at(snapshot) or 0))
    if not entered and (steady or service.steady_at is None):
        return ()
    reason = "Every task set is steady." if steady else "Tasks come, go or are not healthy."
    action = SetSteady(service_arn=service.service_arn, steady=steady, reason=reason)
    return (action, *(narrator.tell(events.STEADY, reason) if steady else ()))


def repeat_at(snapshot: ServiceSnapshot) -> int | None:
    since = snapshot.service.steady_at
    return None if since is None else since + snapshot.timing.steady_repeat_ms
