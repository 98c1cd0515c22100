"""Virtual time: an event loop that never waits. When nothing is left to do at one moment, it jumps to the
next timer.

Callbacks run in the order in which they became ready, timers of one moment in the order in which they were
set. Nothing else decides, so a run is a function of what is scheduled. Nothing scheduled at all while
somebody waits is a deadlock, and raised. `on_moment` is called whenever a moment is over.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar, cast

import msgspec

T = TypeVar("T")
CALLBACKS_MAX = 200_000  # at one moment: more is a loop that never comes to rest


class Deadlock(Exception):
    """Somebody waits, and nothing will ever happen."""


class Restless(Exception):
    """Time cannot go on, because something happens for ever at one moment."""


class Timed(Protocol):
    """An event loop, as far as a clock is concerned."""

    def time(self) -> float:
        """Seconds on its own, monotonic clock."""
        ...


class Handle(msgspec.Struct, eq=False):
    """A callback that is scheduled. What asyncio asks of one, and no more: every message in here has some."""

    callback: Callable[..., Any] | None
    args: tuple[Any, ...]
    context: contextvars.Context

    def cancel(self) -> None:
        """A timer stays in the heap until its moment."""
        self.callback, self.args = None, ()

    def cancelled(self) -> bool:
        return self.callback is None


class VirtualLoop:
    """What asyncio needs of an event loop without files, sockets, signals or threads; the rest of its
    interface is missing, so whoever wants a socket in here finds out at once.
    """

    def __init__(self) -> None:
        self._self = cast(asyncio.AbstractEventLoop, self)
        self._now = 0.0
        self._set = 0
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[float, int, Handle]] = []
        self._running = False
        self._closed = False
        self.failures: list[dict[str, Any]] = []  # exceptions that nobody caught
        self.on_moment: Callable[[], None] = lambda: None
        self._root = Process()

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, contextvars.copy_context() if context is None else context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # there is one thread
    get_debug = staticmethod(lambda: False)

    def call_first(self, callback: Callable[..., Any], *args: Any) -> None:
        """Before everything else that is ready: as if it happened in the middle."""
        self._ready.appendleft(Handle(callback, args, contextvars.copy_context()))

    def call_later(
        self,
        delay: float,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Handle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., Any],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Handle:
        timer = Handle(callback, args, contextvars.copy_context() if context is None else context)
        self._set += 1
        heapq.heappush(self._timers, (when, self._set, timer))
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self._self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        task = asyncio.Task(coro, loop=self._self, name=name, context=context)
        (PROCESS.get() or self._root).adopt(task)
        return task

    def run_until_complete(self, future: Any) -> Any:
        """Runs until it is done. Whatever else is scheduled stays so, for the next call."""
        task = asyncio.ensure_future(future, loop=self._self)
        asyncio._set_running_loop(self._self)
        self._running = True
        try:
            while not task.done():
                self._one_moment(task)
        finally:
            self._running = False
            asyncio._set_running_loop(None)
        return task.result()

    def _one_moment(self, until: asyncio.Future[Any]) -> None:
        ready, left = self._ready, CALLBACKS_MAX
        while ready:
            handle = ready.popleft()
            self._run(handle)
            left -= 1
            if left == 0:
                raise Restless(f"{CALLBACKS_MAX} callbacks at {self._now:.3f} s, the last: {handle}")
            if until.done():
                return
        self.on_moment()
        if not ready:
            self._jump()

    def _run(self, handle: Handle) -> None:
        if handle.callback is None:
            return
        try:
            handle.context.run(handle.callback, *handle.args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as failure:
            message = f"Exception in callback {handle.callback!r}"
            self.call_exception_handler({"message": message, "exception": failure, "handle": handle})

    def _jump(self) -> None:
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heapq.heappop(timers)
        if not timers:
            raise Deadlock(f"Nothing is scheduled at {self._now:.3f} s.")
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            timer = heapq.heappop(timers)[2]
            if timer.callback is not None:
                self._ready.append(timer)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)

    def end(self, last: Callable[[], None] = lambda: None) -> None:
        """Calls `last`, cancels what still waits outside a process, lets all clean up; time stands still."""
        asyncio._set_running_loop(self._self)
        try:
            last()
            self._root.kill()
            for _ in range(CALLBACKS_MAX):
                if not self._ready:
                    break
                self._run(self._ready.popleft())
        finally:
            asyncio._set_running_loop(None)
        self.close()

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Nothing that is scheduled will run."""
        self._closed = True
        self._ready.clear()
        self._timers.clear()


class Process:
    """The asyncio tasks of one simulated process: those it starts, and those that they start."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def adopt(self, task: asyncio.Task[Any]) -> None:
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of this process, whoever asks for it."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, self)
        return context.run(asyncio.get_running_loop().create_task, work)

    def kill(self) -> None:
        """Ends every task. Doors to the world must be shut before: their last words go nowhere."""
        for task in list(self._tasks):
            task.cancel()


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class VirtualClock:
    """The loop's time as epoch milliseconds. `jump` sets it forward or back, as a faulty machine clock."""

    def __init__(self, loop: Timed, start_ms: int = 1_700_000_000_000) -> None:
        self._loop = loop
        self._start_ms = start_ms

    def now_ms(self) -> int:
        return self._start_ms + round(self._loop.time() * 1000)

    def jump(self, ms: int) -> None:
        self._start_ms += ms
