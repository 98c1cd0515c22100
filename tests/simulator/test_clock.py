"""The virtual event loop: time jumps, order is kept, and what can never end is said."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from shipway.simulator.clock import Deadlock, Process, Restless, VirtualClock, VirtualLoop


def test_time_jumps_to_the_next_timer() -> None:
    """An hour passes at once, and asyncio's own timeouts see it pass."""
    loop = VirtualLoop()

    async def story() -> float:
        await asyncio.sleep(3600)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 60)
        return loop.time()

    assert loop.run_until_complete(story()) == 3660
    assert VirtualClock(loop, 1000).now_ms() == 3_661_000


def test_timers_of_one_moment_run_in_the_order_in_which_they_were_set() -> None:
    """However many there are."""
    loop = VirtualLoop()
    ran: list[int] = []
    for number in range(100):
        loop.call_at(5.0, ran.append, number)
    loop.call_at(4.0, ran.append, -1)
    loop.run_until_complete(asyncio.sleep(6))
    assert ran == [-1, *range(100)]


def test_a_cancelled_timer_does_not_run() -> None:
    """Nor does it hold up time."""
    loop = VirtualLoop()
    ran: list[int] = []
    loop.call_at(1.0, ran.append, 1).cancel()
    loop.call_at(2.0, ran.append, 2)
    loop.run_until_complete(asyncio.sleep(3))
    assert ran == [2]


def test_waiting_for_nothing_is_a_deadlock() -> None:
    """Nothing is scheduled, and somebody waits."""
    with pytest.raises(Deadlock, match=r"Nothing is scheduled at 0\.000 s"):
        VirtualLoop().run_until_complete(asyncio.Event().wait())


def test_what_never_comes_to_rest_is_found() -> None:
    """A callback that calls itself for ever keeps time from going on."""
    loop = VirtualLoop()

    def again() -> None:
        loop.call_soon(again)

    loop.call_soon(again)
    with pytest.raises(Restless, match="callbacks at"):
        loop.run_until_complete(asyncio.sleep(1))


def test_an_exception_that_nobody_caught_is_kept() -> None:
    """The simulation asks for it at its end."""
    loop = VirtualLoop()
    loop.call_soon(lambda: 1 // 0)
    loop.run_until_complete(asyncio.sleep(1))
    assert [str(failure["exception"]) for failure in loop.failures] == ["integer division or modulo by zero"]


def test_a_callback_runs_in_the_context_that_it_was_given() -> None:
    """Be it an empty one: there its task belongs to no process."""
    loop = VirtualLoop()
    variable = contextvars.ContextVar("variable", default="as nobody set it")
    variable.set("as it is here")
    found: list[str] = []
    loop.call_soon(lambda: found.append(variable.get()), context=contextvars.Context())
    loop.call_later(1, lambda: found.append(variable.get()), context=contextvars.Context())
    loop.call_soon(lambda: found.append(variable.get()))
    loop.run_until_complete(asyncio.sleep(2))
    assert found == ["as nobody set it", "as it is here", "as nobody set it"]


def test_a_killed_process_takes_the_tasks_of_its_tasks_with_it() -> None:
    """And nobody else's."""
    loop = VirtualLoop()
    went_on: list[str] = []

    async def go_on(name: str) -> None:
        await asyncio.sleep(10)
        went_on.append(name)

    async def parent() -> None:
        loop.create_task(go_on("child"))
        await go_on("parent")

    async def story() -> None:
        process = Process()
        process.start(parent())
        stranger = loop.create_task(go_on("stranger"))
        await asyncio.sleep(1)
        process.kill()
        await stranger

    loop.run_until_complete(story())
    assert went_on == ["stranger"]
