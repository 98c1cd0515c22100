"""Which port a listener gets, decided against pretended ports and once against real ones."""

from __future__ import annotations

import socket

import pytest

from shipway.load_balancer.ports import Bindable, plan_ports, try_bind
from shipway.model.listener import Listener
from shipway.model.listener_action import FixedResponse
from tests.load_balancer.builders import a_listener, a_load_balancer

NONE: frozenset[int] = frozenset()


def listeners(*asked: tuple[str, int, int | None]) -> list[Listener]:
    """Listeners of load balancers by name, in the order of their creation: (name, port, bound port)."""
    answer = FixedResponse(status_code=200)
    return [
        a_listener(a_load_balancer(name), answer, port, bound_port=bound, created_at=index)
        for index, (name, port, bound) in enumerate(asked)
    ]


def planned(
    asked: list[Listener],
    taken: frozenset[int] = NONE,
    forbidden: frozenset[int] = NONE,
    held: frozenset[int] = NONE,
) -> list[int | None]:
    def bind(port: int) -> Bindable:
        if port in forbidden:
            return Bindable.FORBIDDEN
        return Bindable.TAKEN if port in taken else Bindable.FREE

    choices = {each.listener.key: each.listener for each in plan_ports(asked, held, bind)}
    return [choices.get(listener.key, listener).bound_port for listener in asked]


def test_a_free_port_is_taken_as_asked() -> None:
    """Nothing is in the way."""
    assert planned(listeners(("a", 80, None))) == [80]


def test_a_taken_port_gives_way_to_the_next_free_one() -> None:
    """Another listener that asks for that one then goes on to the next."""
    asked = listeners(("a", 80, None), ("a", 81, None))
    assert planned(asked, taken=frozenset({80})) == [81, 82]


def test_a_forbidden_port_becomes_the_one_people_expect() -> None:
    """Where 80 may not be opened it is 8080."""
    assert planned(listeners(("a", 80, None)), forbidden=frozenset(range(1024))) == [8080]


def test_load_balancers_on_one_port_share_it() -> None:
    """The later one gets what the earlier one has."""
    assert planned(listeners(("a", 80, None), ("b", 80, None))) == [80, 80]
    assert planned(listeners(("a", 80, 8080), ("b", 80, None)), held=frozenset({8080})) == [8080, 8080]


def test_a_port_once_given_is_kept() -> None:
    """Though the one asked for has become free; and though Envoy has it open, so that it cannot be tried."""
    assert planned(listeners(("a", 80, 81))) == [81]
    assert planned(listeners(("a", 80, 81)), taken=frozenset({81}), held=frozenset({81})) == [81]


def test_a_port_that_somebody_else_took_meanwhile_is_given_up() -> None:
    """The listener starts again from the one asked for."""
    assert planned(listeners(("a", 80, 81)), taken=frozenset({81})) == [80]


def test_trying_a_port_tells_the_truth() -> None:
    """A port with a listener is taken, and free again when that is gone."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert try_bind(port) is Bindable.TAKEN
    assert try_bind(port) is Bindable.FREE


def test_with_no_port_left_the_sentence_says_so() -> None:
    """Rather than trying for ever."""
    with pytest.raises(OSError, match=r"No port of 127\.0\.0\.1 can be opened for a listener on port 80"):
        planned(listeners(("a", 80, None)), taken=frozenset(range(65_536)))
