"""What became of the service, from looks at it."""

from __future__ import annotations

from shipway.drawing.timeline import Mark
from shipway.rehearsal.course import below_minimum_s, event_marks, is_at_rest, recoveries, timeline
from shipway.rehearsal.witness import is_healthy
from tests.rehearsal.builders import OLD, a_look, a_task

GOOD = [a_task(1, healthy=True), a_task(2, healthy=True)]
LOOKS = (
    a_look(*GOOD, at_s=0),
    a_look(GOOD[0], a_task(2), at_s=1),
    a_look(GOOD[0], at_s=2),
    a_look(*GOOD, at_s=4),
    a_look(*GOOD, at_s=5),
)


def test_recovery_ends_with_the_first_look_from_which_all_are_healthy() -> None:
    """Counted from when the fault first struck, in numbers and in words."""
    (found,) = recoveries([(0.5, "crash"), (1.5, "crash")], LOOKS)
    assert (found.fewest, found.after_s) == (1, 3.5)
    assert found.text() == (
        "1 of 2 tasks were healthy at worst; all were healthy again 3.5 s after the fault"
    )


def test_a_fault_may_be_of_no_consequence_or_last() -> None:
    """Never fewer than wanted; not recovered in the end; struck after the last look."""
    (harmless,) = recoveries([(3, "zone")], LOOKS)
    assert harmless.text() == "never fewer than the 2 tasks wanted were healthy"
    (lasting,) = recoveries([(0.5, "zone")], LOOKS[:3])
    assert lasting.text().endswith("all were not healthy again when the rehearsal ended")
    assert recoveries([(6, "zone")], LOOKS) == ()


def test_time_below_the_minimum() -> None:
    """A look holds until the next; the minimum rounds up."""
    assert below_minimum_s(LOOKS) == 3
    half = {"deploymentConfiguration": {"minimumHealthyPercent": 50}}
    assert below_minimum_s((a_look(GOOD[0], at_s=0, **half), a_look(*GOOD, at_s=1, **half))) == 0
    most = {"deploymentConfiguration": {"minimumHealthyPercent": 51}}
    assert below_minimum_s((a_look(GOOD[0], at_s=0, **most), a_look(*GOOD, at_s=1, **most))) == 1


def test_at_rest_one_deployment_is_left_and_all_are_healthy() -> None:
    """As a waiter would say, and healthy besides."""
    assert is_at_rest(LOOKS[0])
    assert not is_at_rest(LOOKS[1])
    assert not is_at_rest(a_look(*GOOD, deployments=[{}, {}]))


def test_the_timeline_has_what_changed() -> None:
    """A sample where a revision's counts change, one that goes too; limits once."""
    old = a_task(9, definition=OLD, healthy=True)
    looks = (
        a_look(old, at_s=0),
        a_look(old, a_task(1, status="PENDING"), at_s=1),
        a_look(old, a_task(1, status="PENDING"), at_s=2),
        a_look(a_task(1, healthy=True), at_s=3),
    )
    drawn = timeline("web", looks, [Mark(at_s=0.5, text="crash")])
    assert [(s.at_s, s.revision, s.running, s.pending, s.healthy) for s in drawn.samples] == [
        (0, "web:1", 1, 0, 1),
        (1, "web:2", 0, 1, 0),
        (3, "web:1", 0, 0, 0),
        (3, "web:2", 1, 0, 1),
    ]
    assert [(limit.desired, limit.minimum, limit.maximum) for limit in drawn.limits] == [(2, 2, 4)]
    assert [mark.text for mark in drawn.marks] == ["crash"]


def test_events_that_tell_of_the_deployment_are_marked_once() -> None:
    """Not those that were there before, nor what is of no interest in a picture."""
    before = {"id": "0", "message": "(service web) deployment completed."}
    started = {"id": "1", "message": "(service web) has started 1 tasks."}
    failed = {"id": "2", "message": "(service web) deployment failed: tasks failed to start."}
    looks = (
        a_look(events=[before]),
        a_look(at_s=1, events=[failed, started, before]),
        a_look(at_s=2, events=[failed, started, before]),
    )
    assert [(mark.at_s, mark.text, mark.trouble) for mark in event_marks(looks)] == [
        (1, failed["message"], True)
    ]


def test_a_task_is_healthy_for_whoever_is_asked() -> None:
    """A load balancer knows it by its instance and port, or by its own address."""
    bound = {"healthStatus": "UNKNOWN", "containers": [{"networkBindings": [{"hostPort": 32768}]}]}
    interface = {"privateIpv4Address": "10.0.0.5"}
    apart = {"healthStatus": "HEALTHY", "containers": [{"networkInterfaces": [interface]}]}
    assert is_healthy(bound, "i-a", False, None)
    assert not is_healthy(bound, "i-a", True, None)
    assert is_healthy(bound, "i-a", False, frozenset({("i-a", 32768)}))
    assert not is_healthy(bound, "i-b", False, frozenset({("i-a", 32768)}))
    assert is_healthy(apart, "", True, frozenset({("10.0.0.5", 80)}))
    assert not is_healthy(apart, "", True, frozenset())
