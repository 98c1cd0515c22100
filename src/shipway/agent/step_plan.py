"""The heart of the agent: (tasks as known, now) -> steps. Pure.

Each call plans everything that can be done at this moment, side by side; a container with a step in
flight is left alone until that has ended. The same call is made after every change and after a restart,
so nothing has to be remembered between.

A task that is meant to run: every image is pulled at once; a container is created when its dependencies
allow, and started when they allow that. A task that is meant to end: containers are stopped in reverse
order of dependsOn, the pause container is removed as soon as the others are down, and the others a while
after the control plane has taken the last report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from shipway.agent.dependencies import NEVER, READY, may_proceed, may_stop
from shipway.agent.log_destination import log_destination
from shipway.agent.resources import Capacity, waiting
from shipway.agent.steps import Abandon, Create, Forget, OpenLog, Pull, Remove, Start, Step, StepPlan, Stop
from shipway.agent.task_state import (
    CREATED,
    NONE,
    PAUSE_NAME,
    PULLED,
    RESTARTING,
    RUNNING,
    STOPPED,
    ContainerState,
    TaskState,
)

EXIT_CODE_OF_FAILED_DEPENDENCY = (
    143  # what Amazon's agent reports for a container that never ran for this reason
)


class PlanSettings(msgspec.Struct, frozen=True, kw_only=True):
    capacity: Capacity
    stop_timeout_s: int = 30
    cleanup_wait_ms: int = 60_000


def plan_steps(tasks: Sequence[TaskState], settings: PlanSettings, now_ms: int) -> StepPlan:
    held_back = waiting(tasks, settings.capacity)
    plans = []
    for task in sorted(tasks, key=lambda task: task.order):
        if task.status == STOPPED:
            plans.append(_clean_up(task, settings, now_ms))
        elif task.stopping:
            plans.append(_wind_down(task, settings, now_ms))
        elif task.arn not in held_back:
            plans.append(_bring_up(task, now_ms))
    return _joined(plans)


def _joined(plans: Iterable[StepPlan]) -> StepPlan:
    steps: list[Step] = []
    wake_at = 0
    for plan in plans:
        steps += plan.steps
        wake_at = _earlier(wake_at, plan.wake_at)
    return StepPlan(tuple(steps), wake_at)


def _earlier(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


def _bring_up(task: TaskState, now_ms: int) -> StepPlan:
    plans = [_open_log(task, container) for container in task.containers]
    for container in task.containers:
        if container.busy or (container.rank >= 3 and container.phase != RESTARTING):
            continue
        plans.append(_later(container, now_ms) or _next_step(task, container, now_ms))
    return _joined(plans)


def _later(container: ContainerState, now_ms: int) -> StepPlan | None:
    """A step that failed and may be tried again waits its moment."""
    return StepPlan(wake_at=container.retry_at) if container.retry_at > now_ms else None


def _open_log(task: TaskState, container: ContainerState) -> StepPlan:
    destination = None if container.stopped else log_destination(task.spec(container.name), task.task_id)
    if destination is None or container.log_open or container.log_busy:
        return StepPlan()
    return _one(
        OpenLog(task_arn=task.arn, container=container.name, reason=f"its lines go to {destination.stream}")
    )


def _next_step(task: TaskState, container: ContainerState, now_ms: int) -> StepPlan:
    arn, name = task.arn, container.name
    spec = task.spec(name)
    if container.phase == NONE:
        return _one(Pull(task_arn=arn, container=name, image=spec.image, reason="desired RUNNING"))
    if container.phase == RESTARTING:
        return _one(Start(task_arn=arn, container=name, reason="its restart policy says so"))
    verdict = may_proceed(task, name, container.phase == PULLED, now_ms)
    if verdict.answer == NEVER:
        failure = f"CannotStartContainerError: {verdict.reason}"
        step = Abandon(
            task_arn=arn,
            container=name,
            exit_code=EXIT_CODE_OF_FAILED_DEPENDENCY,
            failure=failure,
            reason=verdict.reason,
        )
        return _one(step)
    if verdict.answer != READY:
        return StepPlan(wake_at=verdict.wake_at)
    if container.phase == PULLED:
        return _one(Create(task_arn=arn, container=name, reason="image present, dependencies allow it"))
    assert container.phase == CREATED
    if log_destination(spec, task.task_id) and not container.log_open:
        return StepPlan()
    return _one(Start(task_arn=arn, container=name, reason="created, dependencies resolved"))


def _wind_down(task: TaskState, settings: PlanSettings, now_ms: int) -> StepPlan:
    reason = _why_ending(task)
    return _joined(_wind_down_one(task, container, reason, settings, now_ms) for container in task.normal)


def _wind_down_one(
    task: TaskState, container: ContainerState, reason: str, settings: PlanSettings, now_ms: int
) -> StepPlan:
    if container.stopped or container.busy not in ("", Pull.verb):
        return StepPlan()
    if container.phase not in (RUNNING, RESTARTING):
        pause = task.container(PAUSE_NAME)
        failure = pause.reason if pause and pause.stopped else ""  # the pause itself is in no report
        never = f"never started, and {reason}"
        return _one(Abandon(task_arn=task.arn, container=container.name, failure=failure, reason=never))
    if not may_stop(task, container.name):
        return StepPlan()
    if container.phase == RESTARTING:
        return _one(
            Abandon(task_arn=task.arn, container=container.name, exit_code=container.exit_code, reason=reason)
        )
    timeout_s = task.spec(container.name).stop_timeout or settings.stop_timeout_s
    step = Stop(task_arn=task.arn, container=container.name, timeout_s=timeout_s, reason=reason)
    return _later(container, now_ms) or _one(step)


def _why_ending(task: TaskState) -> str:
    if task.desired_status == STOPPED:
        return "the task's desired status is STOPPED"
    ended = [c.name for c in task.containers if c.stopped and task.spec(c.name).essential]
    return f"essential container {ended[0]} has stopped"


def _clean_up(task: TaskState, settings: PlanSettings, now_ms: int) -> StepPlan:
    plans = []
    pause = task.container(PAUSE_NAME)
    if pause and not pause.removed and not pause.busy:
        plans.append(_later(pause, now_ms) or _end_pause(task, pause))
    if task.submitted_status != STOPPED or any(c.busy and c.name != PAUSE_NAME for c in task.containers):
        return _joined(plans)
    due_at = task.stopped_at + settings.cleanup_wait_ms
    if now_ms < due_at:
        return _joined([*plans, StepPlan(wake_at=due_at)])
    left = [container for container in task.normal if container.runtime_id and not container.removed]
    for container in left:
        if container.logs_shipped or not container.started:
            step = Remove(task_arn=task.arn, container=container.name, reason="its task is over and reported")
            plans.append(_later(container, now_ms) or _one(step))
    if not left and (pause is None or pause.removed):
        plans.append(_one(Forget(task_arn=task.arn, container="*", reason="over, reported and removed")))
    return _joined(plans)


def _end_pause(task: TaskState, pause: ContainerState) -> StepPlan:
    reason = "the containers that shared its network have ended"
    if pause.rank < 2:
        return _one(Abandon(task_arn=task.arn, container=PAUSE_NAME, reason=reason))
    return _one(Remove(task_arn=task.arn, container=PAUSE_NAME, reason=reason))


def _one(step: Step) -> StepPlan:
    return StepPlan((step,))
