"""Drained tasks are signalled; tasks that stopped long ago are forgotten, unless they still count."""

from __future__ import annotations

from shipway.model.task import Task
from shipway.scheduler.tasks import TasksSnapshot, plan_tasks
from tests.builders import START_MS, a_revision, a_stopped_task, a_task

HOUR_MS = 3_600_000


def test_task_is_signalled_once_its_targets_are_gone() -> None:
    """DEACTIVATING lasts as long as a target is registered."""
    task = a_task(last_status="DEACTIVATING", desired_status="STOPPED")
    draining = TasksSnapshot(
        now_ms=START_MS, tasks=(task,), task_arns_with_targets=frozenset({task.task_arn})
    )
    assert plan_tasks(draining).actions == ()
    assert plan_tasks(TasksSnapshot(now_ms=START_MS, tasks=(task,))).text() == (
        "signal 00000000000000000000000000000001: Its targets are drained."
    )


def forgotten(*tasks: Task, state: str = "COMPLETED") -> list[str]:
    snapshot = TasksSnapshot(
        now_ms=START_MS + HOUR_MS, tasks=tasks, revisions=(a_revision(rollout_state=state),)
    )
    return [action.text()[-1] for action in plan_tasks(snapshot).actions]


def test_stopped_tasks_are_forgotten_after_an_hour() -> None:
    """Not a millisecond earlier; and the plan says when to look again."""
    task = a_stopped_task(stop_code="UserInitiated")
    early = plan_tasks(TasksSnapshot(now_ms=START_MS + HOUR_MS - 1, tasks=(task,)))
    assert (early.actions, early.wake_at) == ((), START_MS + HOUR_MS)
    assert forgotten(task) == ["1"]


def test_tasks_of_a_rollout_in_progress_are_kept() -> None:
    """The circuit breaker counts them."""
    asked = a_stopped_task(stop_code="UserInitiated")
    assert forgotten(asked, state="IN_PROGRESS") == []


def test_failed_starts_are_kept_while_they_slow_the_next() -> None:
    """Were they forgotten, the pause would begin at nothing again; one that lasted ends that."""
    assert forgotten(a_stopped_task(1)) == []
    assert forgotten(a_stopped_task(1), a_task(2, started_at=START_MS)) == ["1"]


def test_standalone_tasks_are_forgotten_too() -> None:
    """A task of no service has nobody who counts it."""
    assert forgotten(a_stopped_task(deployment_id=None, service_arn=None)) == ["1"]
