"""What is broken from outside, and when."""

from __future__ import annotations

from shipway.rehearsal.breaking import Breaking, Look, advance, never_came
from shipway.rehearsal.faults import Fault
from tests.rehearsal.builders import OLD, a_breaking, a_look, a_task


def told(breaking: Breaking, *looks: Look) -> tuple[Breaking, list[str]]:
    lines = []
    for look in looks:
        breaking, blows = advance(breaking, look)
        lines += [f"{blow.fault}: {blow.request}" for blow in blows]
    return breaking, lines


def test_the_nth_new_task_is_killed_once() -> None:
    """Counted as they start, whatever else runs; once it was struck it is over."""
    old, pending = a_task(9, definition=OLD), a_task(3, status="PENDING")
    after, lines = told(
        a_breaking(Fault("crash", 2)),
        a_look(old, a_task(1)),
        a_look(old, a_task(1), pending, a_task(2)),
        a_look(a_task(1), a_task(3)),
    )
    assert lines == ["crash@2: {'killed': [{'task': 'arn:task/default/00000002', 'container': 'web'}]}"]
    assert never_came(after) == ()


def test_tasks_of_one_look_are_counted_in_the_order_of_their_start() -> None:
    """However they are listed."""
    _, lines = told(a_breaking(Fault("crash", 1)), a_look(a_task(2), a_task(1)))
    assert lines == ["crash@1: {'killed': [{'task': 'arn:task/default/00000001', 'container': 'web'}]}"]


def test_every_new_task_is_killed() -> None:
    """Those that come for the killed ones too; a simulated one crashes by itself."""
    looks = a_look(a_task(1)), a_look(a_task(2), a_task(3))
    assert len(told(a_breaking(Fault("crash")), *looks)[1]) == 3
    assert told(a_breaking(Fault("crash"), kills=False), *looks)[1] == []


def test_power_goes_where_the_first_new_task_runs() -> None:
    """Once: the instance alone, or all of the zone."""
    faults = Fault("instance"), Fault("zone")
    _, lines = told(a_breaking(*faults), a_look(), a_look(a_task(1)), a_look(a_task(1), a_task(2, zone="b")))
    assert lines == ["instance: {'dark': ['i-a']}", "zone: {'gone': ['i-a', 'i-aa']}"]


def test_a_fault_that_found_nothing_is_told() -> None:
    """There were not so many new tasks, or none."""
    faults = Fault("crash", 3), Fault("zone"), Fault("pull")
    after, _ = told(a_breaking(*faults), a_look(a_task(1, definition=OLD)))
    assert never_came(after) == faults[:2]
