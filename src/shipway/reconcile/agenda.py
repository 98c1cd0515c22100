"""Who has to be looked at, and when. It lives in memory only: at the start everybody is on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush

from shipway.reconcile.loop import PassResult

logger = logging.getLogger(__name__)

LOOKS_A_TURN = 8
TURN_S = 0.01
SPENT_MAX = 4  # so many times more entries than keys: moments that were replaced are swept away


class Agenda:
    """Keys (ARNs) to look at now, and a heap of moments for the others. A key has one moment at most."""

    def __init__(self) -> None:
        self._due: set[str] = set()
        self._moments: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def look_at(self, keys: Iterable[str]) -> None:
        self._due.update(keys)

    def due(self, now_ms: int) -> list[str]:
        """Those to look at now, sorted. They stay until `begin` takes them."""
        while self._heap and self._heap[0][0] <= now_ms:
            moment, key = heappop(self._heap)
            if self._moments.get(key) == moment:
                del self._moments[key]
                self._due.add(key)
        return sorted(self._due)

    def begin(self, key: str) -> None:
        """Its look begins: whatever happens from now on puts it on the agenda again."""
        self._due.discard(key)

    def wake_at(self, key: str, moment: int | None) -> None:
        """The moment at which time alone makes it worth a look; None when none does."""
        if moment is None:
            self._moments.pop(key, None)
        elif self._moments.get(key) != moment:
            self._moments[key] = moment
            heappush(self._heap, (moment, key))
            if len(self._heap) > SPENT_MAX * len(self._moments):
                self._heap = [(at, who) for who, at in self._moments.items()]
                heapify(self._heap)

    def next_moment(self) -> int | None:
        while self._heap and self._moments.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None


async def look_at_due(
    agenda: Agenda,
    now_ms: int,
    look: Callable[[str], PassResult],
    order: Callable[[str], bool] = lambda _: False,
) -> PassResult:
    """One look at each that is due, sorted, those first for which `order` is False. Every few looks others
    get their turn of the thread. One that raises stays on the agenda and keeps nobody from theirs.
    """
    share = Share()
    actions = refused = 0
    first_failure: Exception | None = None
    for key in sorted(agenda.due(now_ms), key=order):
        agenda.begin(key)
        try:
            result = look(key)
        except Exception as failure:
            logger.exception("The look at %s failed", key)
            agenda.look_at([key])
            first_failure = first_failure or failure
            continue
        agenda.wake_at(key, result.wake_at)
        actions, refused = actions + result.actions, refused + result.refused
        await share.used()
    return PassResult(actions, refused, agenda.next_moment(), first_failure)


class Share:
    """How long a pass has the thread to itself. Giving it away costs: the thread of the disk wakes too."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begin()

    def _begin(self) -> None:
        self._since = self._loop.time()
        self._looks = 0

    async def used(self) -> None:
        self._looks += 1
        if self._looks == LOOKS_A_TURN or self._loop.time() - self._since > TURN_S:
            await asyncio.sleep(0)
            self._begin()
