"""In which order one wish likes the instances of a fleet, while a pass places task after task.

Strategies narrow: the first to the instances it likes best, the next among those. So an instance is liked by
the tuple of what each strategy counts of it, the ARN last, and the chosen one is the smallest tuple of those
that fit. What attributes count is the same for a whole row of the shelf; what instances count is 0 for all
that run nothing of the group, and these stand on the shelf in their order already. That leaves, for each row,
the first on the shelf that fits and a heap of the few instances that the group or this pass has touched; and
over the rows a heap of their first ones. A key that has grown since it was pushed is put right when it comes
up: O(log n) a task. Keys become smaller only where a task was just placed, and that row is pushed anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heappop, heappush, heapreplace
from typing import Any

from shipway.model.snapshot import InstanceView
from shipway.scheduler.constraints import constraint_miss, passing
from shipway.scheduler.filters import Wanted, constraints_of
from shipway.scheduler.first_fit import FirstFit
from shipway.scheduler.fleet_index import Entry, FleetIndex, is_suitable, may_be_given_tasks
from shipway.scheduler.strategies import INSTANCE, Chance, Row, arn_of, in_words, left, row_of, row_order

NOTHING = -(2**62)

Key = tuple[Any, ...]
Current = Callable[[str], InstanceView]


class Fit:
    """Whether an instance fits one wish as it is now; what lasts is looked up, what passes is looked at."""

    def __init__(self, index: FleetIndex, wanted: Wanted) -> None:
        self._wanted = wanted
        self._suitable = index.suitable(wanted)
        self._passing = passing(constraints_of(wanted))
        reservation = wanted.reservation
        # Of nothing there is always enough, also where less than nothing is left.
        self.cpu, self.memory = reservation.cpu or NOTHING, reservation.memory or NOTHING
        self._gpus = reservation.gpus or NOTHING
        self._ports = bool(reservation.ports_tcp or reservation.ports_udp)

    def __call__(self, view: InstanceView) -> bool:
        remaining = view.remaining
        if self.memory > remaining.memory or self.cpu > remaining.cpu or self._gpus > len(remaining.gpu_ids):
            return False
        if self._ports and not self._ports_free(view):
            return False
        arn = arn_of(view)
        suitable = self._suitable.get(arn)
        if suitable is None:
            suitable = self._suitable[arn] = is_suitable(view, self._wanted)
        return suitable and (
            not self._passing or constraint_miss(view, self._passing, self._wanted.group) is None
        )

    def _ports_free(self, view: InstanceView) -> bool:
        reservation, remaining = self._wanted.reservation, view.remaining
        return remaining.ports_tcp.isdisjoint(reservation.ports_tcp) and remaining.ports_udp.isdisjoint(
            reservation.ports_udp
        )


class Line:
    """One row of the shelf: how far the untouched ones have been passed over, and a heap of the touched.
    `pushed` is the key by which the row stands in the heap of rows.
    """

    __slots__ = ("at", "entries", "fit", "number", "pushed", "row", "touched")

    def __init__(self, number: int, row: Row, entries: list[Entry], fit: FirstFit | None) -> None:
        self.number = number
        self.row = row
        self.entries = entries
        self.fit = fit
        self.at = 0
        self.touched: list[tuple[Key, int]] = []
        self.pushed: Key | None = None


class Preference:
    """`touched` are the instances that run tasks of the group, or that this pass has changed already."""

    def __init__(self, index: FleetIndex, wanted: Wanted, current: Current, changed: Iterable[str]) -> None:
        self._group = wanted.group
        self._current = current
        self._fits = Fit(index, wanted)
        self._untouched = index.by_arn
        words = in_words(wanted.strategies)
        self._attributes = attributes_of(words)
        self._held = Held(self._attributes)
        self._stamps: dict[str, int] = {}
        # Of each strategy: which of the row's numbers it is, or None for one of the instance's own.
        self._parts = [
            self._attributes.index(field) if by_row(kind, field) else None for kind, field in words
        ]
        self._own_fields = [field for kind, field in words if not by_row(kind, field)]
        packed = tuple(field for kind, field in words if kind == "binpack")
        shelf = index.shelf(self._attributes, packed)
        self._row_by_arn = shelf.row_by_arn
        self._lines = [
            Line(number, row, tier.entries, shelf.fit_of(tier, index.by_arn))
            for number, (row, tier) in enumerate(shelf.tiers.items())
        ]
        if packed:
            self._step_over_the_packed(wanted, packed[0])
        self._line_of = {line.row: line for line in self._lines}
        self._heap: list[tuple[Key, int]] = []
        for arn in {*index.groups.get(self._group, ()), *changed}:
            self._touch(arn)
        for line in self._lines:
            self._push(line)

    def best(self, chance: Chance) -> InstanceView | None:
        """The instance that the wish likes best of those that fit; None when none does."""
        heap = self._heap
        while heap:
            key, number = heap[0]
            line = self._lines[number]
            now = self._first(line) if key == line.pushed else None
            if now == key:
                return self._current(key[-1])
            if key == line.pushed:
                line.pushed = now
            if now is None:
                heappop(heap)
            else:
                heapreplace(heap, (now, number))
        return None

    def hear(self, arn: str) -> None:
        """A task was placed there, for this wish or another."""
        line = self._touch(arn)
        if line is not None:
            self._push(line)

    def _push(self, line: Line) -> None:
        """Only what became smaller: a key that has grown is put right when it comes up."""
        first = self._first(line)
        if first is not None and (line.pushed is None or first < line.pushed):
            line.pushed = first
            heappush(self._heap, (first, line.number))

    def _touch(self, arn: str) -> Line | None:
        """Its row, when it may be given tasks."""
        view = self._current(arn)
        row = self._row_by_arn.get(arn) or row_of(view, self._attributes)
        count = view.groups.get(self._group, 0)
        self._held.count(view, row, count)
        self._stamps[arn] = stamp = self._stamps.get(arn, 0) + 1
        if not may_be_given_tasks(view):
            return None
        line = self._line_of[row]
        if self._fits(view):
            heappush(line.touched, (self._own_key(view, count), stamp))
        return line

    def _first(self, line: Line) -> Key | None:
        """The full key of the row's best instance that fits."""
        touched, stamps = line.touched, self._stamps
        while touched:
            key, stamp = touched[0]
            if stamps[key[-1]] == stamp and self._fits(self._current(key[-1])):
                break
            heappop(touched)
        self._step(line)
        if line.at == len(line.entries):
            return self._full_key(line.row, touched[0][0]) if touched else None
        own = self._own_key(self._current(line.entries[line.at][-1]), 0)
        return self._full_key(line.row, min(own, touched[0][0]) if touched else own)

    def _step(self, line: Line) -> None:
        """To the first untouched one that fits. CPU and memory, of which most instances lack, are looked at
        in passing or in the tree: on a crowded fleet this is where the time would go.
        """
        entries, at, end = line.entries, line.at, len(line.entries)
        stamps, untouched, fits, fit = self._stamps, self._untouched, self._fits, line.fit
        cpu, memory = fits.cpu, fits.memory
        while at < end:
            if fit is not None:
                at = fit.first(at, cpu, memory)
                if at == end:
                    break
            arn = entries[at][-1]
            if arn not in stamps:
                view = untouched[arn]
                if memory <= view.remaining.memory and cpu <= view.remaining.cpu and fits(view):
                    break
            at += 1
        line.at = at

    def _step_over_the_packed(self, wanted: Wanted, field: str) -> None:
        """Those with too little left of what is packed first stand first on the shelf."""
        least = wanted.reservation.memory if field == "memory" else wanted.reservation.cpu
        for line in self._lines:
            line.at = bisect_left(line.entries, (least,)) if least else 0

    def _own_key(self, view: InstanceView, count: int) -> Key:
        """What the instance itself adds to its row's key."""
        own = [count if field == INSTANCE else left(view, field) for field in self._own_fields]
        return (*own, arn_of(view))

    def _full_key(self, row: Row, own: Key) -> Key:
        held = self._held.key(row)
        rest = iter(own)
        return (*[next(rest) if at is None else held[at] for at in self._parts], own[-1])


class Lottery:
    """`random`, first or after spreads over attributes: one of the best rows' instances is drawn."""

    def __init__(self, index: FleetIndex, wanted: Wanted, current: Current, changed: Iterable[str]) -> None:
        self._group = wanted.group
        self._current = current
        self._fits = Fit(index, wanted)
        words = in_words(wanted.strategies)
        self._attributes = attributes_of(words[: words.index(("random", ""))])
        self._held = Held(self._attributes)
        tiers = index.shelf(self._attributes, ()).tiers
        self._rows: dict[Row, list[str]] = {
            row: [arn for (arn,) in tiers[row].entries if self._fits(current(arn))]
            for row in sorted(tiers, key=row_order)
        }
        for arn in {*index.groups.get(self._group, ()), *changed}:
            self.hear(arn)

    def best(self, chance: Chance) -> InstanceView | None:
        open_rows = [(self._held.key(row), arns) for row, arns in self._rows.items() if arns]
        fewest = min((key for key, _ in open_rows), default=None)
        tied = [arns for key, arns in open_rows if key == fewest]
        total = sum(len(arns) for arns in tied)
        drawn = chance(total) if total > 1 else 0
        for arns in tied:
            if drawn < len(arns):
                return self._current(arns[drawn])
            drawn -= len(arns)
        return None

    def hear(self, arn: str) -> None:
        view = self._current(arn)
        row = row_of(view, self._attributes)
        self._held.count(view, row, view.groups.get(self._group, 0))
        if not may_be_given_tasks(view):
            return
        arns = self._rows[row]
        at = bisect_left(arns, arn)
        listed = at < len(arns) and arns[at] == arn
        if listed and not self._fits(view):
            del arns[at]
        elif not listed and self._fits(view):
            arns.insert(at, arn)


class Held:
    """How many tasks of the group the ACTIVE instances with each value of an attribute run."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self._held: tuple[Counter[str | None], ...] = tuple(Counter() for _ in attributes)
        self._counts: dict[str, int] = {}

    def count(self, view: InstanceView, row: Row, count: int) -> None:
        """The instance runs so many now."""
        if view.instance.status != "ACTIVE":
            return
        more = count - self._counts.get(arn_of(view), 0)
        self._counts[arn_of(view)] = count
        for held, value in zip(self._held, row, strict=True):
            held[value] += more

    def key(self, row: Row) -> tuple[tuple[bool, int], ...]:
        """Fewest first; who lacks the attribute comes last."""
        return tuple([(value is None, held[value]) for held, value in zip(self._held, row, strict=True)])


def attributes_of(words: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(field for kind, field in words if by_row(kind, field)))


def by_row(kind: str, field: str) -> bool:
    """Whether the strategy counts the same for all instances of a row."""
    return kind == "spread" and field != INSTANCE


def preference_of(wanted: Wanted) -> type[Preference] | type[Lottery] | None:
    """None for what only the plain scan can say: `random` among equals of a binpack, or of instances."""
    words = in_words(wanted.strategies)
    if ("random", "") not in words:
        return Preference
    before = words[: words.index(("random", ""))]
    return Lottery if all(by_row(kind, field) for kind, field in before) else None
