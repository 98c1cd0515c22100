"""Failed tasks, and the pauses between starts."""

from __future__ import annotations

import pytest

from shipway.model.snapshot import Timing
from shipway.model.task import Task
from shipway.scheduler.back_off import back_off
from shipway.scheduler.failures import failed_tasks
from tests.builders import START_MS, a_container, a_revision, a_stopped_task, a_task

CLEAN_EXIT = (a_container(last_status="STOPPED", exit_code=0),)


@pytest.mark.parametrize(
    ("task", "counts"),
    [
        (a_stopped_task(), True),
        (a_stopped_task(ran_ms=200), True),
        (a_stopped_task(ran_ms=60_000, healthy_at=START_MS), True),
        (a_stopped_task(ran_ms=60_000, healthy_at=START_MS, containers=CLEAN_EXIT), False),
        (a_stopped_task(ran_ms=200, containers=CLEAN_EXIT), True),
        (a_stopped_task(stop_code="UserInitiated"), False),
        (
            a_stopped_task(
                stop_code="ServiceSchedulerInitiated",
                stopped_reason="Scaling activity initiated by (deployment x)",
            ),
            False,
        ),
        (
            a_stopped_task(
                stop_code="ServiceSchedulerInitiated", stopped_reason="Task failed container health checks"
            ),
            True,
        ),
        (
            a_task(
                last_status="DEACTIVATING",
                desired_status="STOPPED",
                stop_code="ServiceSchedulerInitiated",
                stopped_reason="Task failed ELB health checks in (target-group arn)",
                stopping_at=START_MS,
            ),
            True,
        ),
        (a_task(), False),
        (a_stopped_task(revision=2), False),
        (a_stopped_task(at=START_MS - 1), False),
    ],
)
def test_what_counts_as_failed(task: Task, counts: bool) -> None:
    """Failed starts, crashes and failed health checks count, of this deployment, since the last reset."""
    assert failed_tasks(a_revision(failures_since=START_MS - 1), [task]) == int(counts)


def failures(count: int, ran_ms: int | None = None) -> tuple[Task, ...]:
    return tuple(a_stopped_task(number, ran_ms, START_MS + number) for number in range(1, count + 1))


def pause_ms(tasks: tuple[Task, ...], now_ms: int = START_MS + 100, **members: int) -> int:
    """From the last failure on; 0 for none."""
    found = back_off(a_revision(**members), tasks, Timing(), now_ms)
    return found.until - max(task.stopped_at or 0 for task in tasks) if found.throttled else 0


def test_pause_doubles_up_to_27_minutes() -> None:
    """Two failed starts are free, then 1 s, 2 s, 4 s, ... at most 27 minutes."""
    assert [pause_ms(failures(count)) for count in (1, 2, 3, 4, 5, 6)] == [0, 0, 1_000, 2_000, 4_000, 8_000]
    assert pause_ms(failures(100)) == 27 * 60_000


def test_crash_loops_pause_too_but_not_as_long() -> None:
    """A task that ran for less than 10 s did not last; the pause has a ceiling of a minute."""
    assert [pause_ms(failures(count, ran_ms=300)) for count in (2, 3, 4)] == [0, 1_000, 2_000]
    assert pause_ms(failures(100, ran_ms=300)) == 60_000


def test_a_task_that_lasted_ends_the_row() -> None:
    """Failures before it no longer count, nor do those before the last reset."""
    lasting = a_task(9, started_at=START_MS)
    assert pause_ms((*failures(5), lasting), now_ms=START_MS + 20_000) == 0
    assert pause_ms((*failures(5), lasting), now_ms=START_MS + 9_000) == 4_000
    assert pause_ms(failures(5), start_failures_since=START_MS + 5) == 0


def test_crash_after_a_long_run_is_relaunched_at_once() -> None:
    """A task that ran for 10 s and then crashed is no start failure, however often that happens."""
    assert pause_ms(failures(20, ran_ms=10_000)) == 0


def test_stops_that_somebody_asked_for_do_not_count() -> None:
    """Scale-in and StopTask are no failures."""
    asked = tuple(a_stopped_task(number, 300, stop_code="UserInitiated") for number in range(1, 9))
    assert pause_ms(asked) == 0
