"""The loop whose time stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from shipway.testing.stepped_loop import SteppedLoop


def told(story: Callable[[SteppedLoop], Coroutine[Any, Any, None]]) -> None:
    loop = SteppedLoop()
    try:
        loop.run_until_complete(story(loop))
    finally:
        loop.close()


def test_timers_run_in_their_order_each_at_its_own_moment() -> None:
    """One that a timer sets is lived through in the same advance, when it is due by then."""

    async def story(loop: SteppedLoop) -> None:
        moments: list[tuple[str, float]] = []

        def first() -> None:
            moments.append(("first", loop.time()))
            loop.call_later(1, lambda: moments.append(("its own", loop.time())))

        loop.call_later(4, lambda: moments.append(("late", loop.time())))
        loop.call_later(1, first)
        await loop.advance(3)
        assert moments == [("first", 1), ("its own", 2)]
        assert loop.time() == 3

    told(story)


def test_rest_does_not_wait_for_what_is_not_due() -> None:
    """Time has not moved, and the timer is still to come."""

    async def story(loop: SteppedLoop) -> None:
        sleeping = asyncio.ensure_future(asyncio.sleep(10))
        await loop.at_rest()
        assert (loop.time(), sleeping.done()) == (0, False)
        await loop.advance(10)
        assert sleeping.done()

    told(story)


def test_a_cancelled_timer_is_no_moment() -> None:
    """The next moment is that of the timer which will run."""

    async def story(loop: SteppedLoop) -> None:
        loop.call_later(1, lambda: None).cancel()
        loop.call_later(2, lambda: None)
        assert await loop.advance_to_next(60) == 2
        assert await loop.advance_to_next(60) == 60

    told(story)
