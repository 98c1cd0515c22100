"""The agenda: who is due, whose moment comes when, and what a look that fails leaves behind."""

from __future__ import annotations

from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.loop import PassResult


def test_moments_come_in_their_order() -> None:
    """A key has one moment, the last that was named; after it has come, nothing is left of it."""
    agenda = Agenda()
    agenda.wake_at("web", 50)
    agenda.wake_at("api", 20)
    agenda.wake_at("web", 10)
    agenda.wake_at("old", 15)
    agenda.wake_at("old", None)
    assert agenda.next_moment() == 10
    assert agenda.due(9) == []
    assert agenda.due(20) == ["api", "web"]
    assert agenda.next_moment() is None


def test_replaced_moments_do_not_pile_up() -> None:
    """A service that names a new moment at each look costs one entry, not one a look."""
    agenda = Agenda()
    for moment in range(1, 1_000):
        agenda.wake_at("web", moment)
    assert len(agenda._heap) <= 4
    assert agenda.next_moment() == 999


async def test_who_is_named_during_its_look_is_looked_at_again() -> None:
    """What happens after a look began may not be in what it saw."""
    agenda = Agenda()
    agenda.look_at(["web"])

    def look(key: str) -> PassResult:
        agenda.look_at([key])
        return PassResult(actions=1, wake_at=70)

    assert await look_at_due(agenda, 0, look) == PassResult(1, 0, 70)
    assert agenda.due(0) == ["web"]


async def test_a_look_that_fails_keeps_nobody_from_theirs() -> None:
    """The others are looked at, the failure is told, and who failed stays on the agenda."""
    agenda = Agenda()
    agenda.look_at(["a", "b", "c"])
    looked: list[str] = []

    def look(key: str) -> PassResult:
        looked.append(key)
        if key == "b":
            raise RuntimeError(key)
        return PassResult()

    result = await look_at_due(agenda, 0, look)
    assert (looked, repr(result.failure)) == (["a", "b", "c"], "RuntimeError('b')")
    assert agenda.due(0) == ["b"]
