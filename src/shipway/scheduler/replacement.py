"""Stops and starts as actions, in the order in which ECS tells of them.

Where there is room a replacement starts before the unhealthy task is stopped: `has started`, then `failed
... health checks`, then `has stopped`. Otherwise stops come first. A replacement that found no place lets
one unhealthy task go without it, for what it holds may be all the room there is.
"""

from __future__ import annotations

from collections.abc import Sequence

from shipway.model.actions import Action, StartTask, StopTask
from shipway.model.task import Task
from shipway.scheduler.events import Narrator, started, stopped_pending, stopped_running
from shipway.scheduler.health import Condition
from shipway.scheduler.moves import Moves
from shipway.scheduler.survey import Survey


def released(survey: Survey, moves: Moves, launched: int) -> tuple[Condition, ...]:
    """The unhealthy tasks that may go now: those whose replacement was born, or one to make room."""
    replaced = max(0, min(moves.replace, launched - moves.start))
    if moves.replace and not replaced and not any(condition.pending for condition in survey.live):
        replaced = 1
    return (*moves.faulty_stops, *moves.faulty[:replaced])


def stops_and_starts(
    survey: Survey, moves: Moves, born: tuple[Task, ...], target_born: int, narrator: Narrator
) -> tuple[Action, ...]:
    faulty = released(survey, moves, target_born)
    replaced = max(0, target_born - moves.start) or (len(moves.faulty_stops) if moves.start and faulty else 0)
    replaced = min(replaced, len(born))
    starts = start_actions(survey, born, replaced, narrator)
    stops = stop_actions(survey, moves.stops, faulty, narrator)
    start_first = target_born > moves.start
    return (*starts, *stops) if start_first else (*stops, *starts)


def start_actions(
    survey: Survey, born: Sequence[Task], replaced: int, narrator: Narrator
) -> tuple[Action, ...]:
    if not born:
        return ()
    starts = tuple(StartTask(task=task, reason=why_started(survey, task, replaced)) for task in born)
    return (*starts, *narrator.tell(started(born, replaced), "Tasks were started."))


def why_started(survey: Survey, task: Task, replaced: int) -> str:
    target = survey.target
    if task.deployment_id != target.revision.deployment_id:
        return f"One like it ended by itself while {target.revision.deployment_id} is not rolled out."
    if replaced and len(target.live) >= survey.desired_count:
        return f"{replaced} unhealthy tasks are to be replaced."
    wanted = f"{survey.desired_count} tasks of {target.revision.deployment_id} are wanted"
    return f"{wanted}, {len(target.live)} are live."


def stop_actions(
    survey: Survey, scaling: Sequence[Condition], faulty: Sequence[Condition], narrator: Narrator
) -> tuple[Action, ...]:
    actions: list[Action] = []
    for condition in faulty:
        assert condition.fault is not None
        actions.extend(narrator.tell(condition.fault.event, "A health check failed."))
    actions.extend(stop(c.task, c.fault.stopped_reason, "It is unhealthy.") for c in faulty if c.fault)
    for condition in scaling:
        stopped_reason = f"Scaling activity initiated by (deployment {condition.task.deployment_id})"
        actions.append(stop(condition.task, stopped_reason, why_scaled(survey, condition)))
    everything = [condition.task for condition in (*faulty, *scaling)]
    running = [task for task in everything if task.running]
    if running:
        actions.extend(narrator.tell(stopped_running(running), "Running tasks were told to stop."))
    if len(running) < len(everything):
        pending = [task for task in everything if not task.running]
        actions.extend(narrator.tell(stopped_pending(pending), "Pending tasks were told to stop."))
    return tuple(actions)


def why_scaled(survey: Survey, condition: Condition) -> str:
    if condition.displaced:
        return "Its container instance is DRAINING."
    if condition.task.deployment_id != survey.target.revision.deployment_id:
        return (
            f"{survey.target.revision.deployment_id} replaces it: {survey.staying_healthy} of"
            f" {survey.desired_count} are healthy, {survey.limits.lower} in all must be."
        )
    return f"{len(survey.staying)} tasks are live, {survey.desired_count} are wanted."


def stop(task: Task, stopped_reason: str, reason: str) -> StopTask:
    return StopTask(
        task_arn=task.task_arn,
        version=task.version,
        stop_code="ServiceSchedulerInitiated",
        stopped_reason=stopped_reason,
        reason=reason,
    )
