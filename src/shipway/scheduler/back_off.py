"""How long a deployment waits before it starts tasks again, when its tasks do not last.

ECS delays starts after tasks that never reached RUNNING, up to 27 minutes, on a schedule of its own. Here
the first `start_failures_free` failures in a row are retried at once, then the pause doubles with every
failure. ECS relaunches a task that crashes after RUNNING without any pause; on one's own machine that would
be a busy loop, so tasks that ran for less than `LASTED_MS` count too, with a lower ceiling: whoever repairs
a database should not wait for long.
"""

from __future__ import annotations

import msgspec

from shipway.model.snapshot import Timing
from shipway.model.task import Task
from shipway.scheduler.failures import TaskOrigin, ended_by_itself

LASTED_MS = 10_000
DOUBLINGS_MAX = 40  # far beyond every ceiling; keeps the power small


class BackOff(msgspec.Struct, frozen=True):
    """Failures in a row, and until when nothing is started because of them."""

    failures: int = 0
    until: int = 0
    throttled: bool = False


def back_off(revision: TaskOrigin, tasks: tuple[Task, ...], timing: Timing, now_ms: int) -> BackOff:
    failed = short_lived(revision, tasks, now_ms)
    beyond = len(failed) - timing.start_failures_free
    if beyond <= 0:
        return BackOff(len(failed))
    ceiling = timing.back_off_max_ms
    if any(task.started_at is not None for task in failed):
        ceiling = min(ceiling, timing.crash_pause_max_ms)
    pause = min(ceiling, timing.back_off_ms * 2 ** min(beyond - 1, DOUBLINGS_MAX))
    return BackOff(len(failed), (failed[-1].stopped_at or 0) + pause, True)


def short_lived(revision: TaskOrigin, tasks: tuple[Task, ...], now_ms: int) -> tuple[Task, ...]:
    """The tasks that ended by themselves too soon, since one last lasted; the last to stop comes last."""
    deployment_id = revision.deployment_id
    ended = [t for t in tasks if t.stopped and ended_by_itself(t) and t.deployment_id == deployment_id]
    if not ended:
        return ()
    own = [task for task in tasks if task.deployment_id == deployment_id]
    lasted_at = max((moment for task in own if (moment := lasted(task, now_ms)) is not None), default=0)
    since = max(lasted_at, revision.start_failures_since)
    short = [task for task in ended if lasted(task, now_ms) is None and (task.stopped_at or 0) > since]
    return tuple(sorted(short, key=lambda task: (task.stopped_at or 0, task.task_arn)))


def lasted(task: Task, now_ms: int) -> int | None:
    """The moment at which it had run long enough; None when it did not, or does not yet."""
    if task.started_at is None:
        return None
    ended_at = task.stopping_at or task.execution_stopped_at or task.stopped_at or now_ms
    return task.started_at + LASTED_MS if ended_at - task.started_at >= LASTED_MS else None
