"""Who of a fleet came nearest to fitting a wish: the answer to "why not", kept while the fleet changes.

A service that finds no place looks again whenever its fleet changes. Its nearest miss is found by a walk
once, and from then on compared only with the instances that have changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shipway.model.snapshot import InstanceView
from shipway.scheduler.filters import Wanted, first_miss
from shipway.scheduler.fleet_index import FleetIndex
from shipway.scheduler.placement import Failure, is_spoken_of
from shipway.scheduler.strategies import arn_of

Miss = tuple[tuple[int, int, str], Failure]
"""How far off (the order of `placement.failures_of`), and what it is told as."""


class NearestMiss:
    def __init__(self) -> None:
        self._mark = -1
        self._nearest: Miss | None = None

    def failure(
        self, index: FleetIndex, wanted: Wanted, changed: Mapping[str, InstanceView]
    ) -> Failure | None:
        """`changed` are instances as this pass has left them: nothing of them is remembered."""
        self._follow(index, wanted)
        nearest = self._nearest
        if nearest is not None and nearest[1].arn in changed:
            rest = (view for arn, view in index.by_arn.items() if arn not in changed)
            nearest = nearest_of(rest, wanted)
        known = [miss for miss in (nearest, nearest_of(changed.values(), wanted)) if miss is not None]
        return min(known, key=lambda miss: miss[0])[1] if known else None

    def _follow(self, index: FleetIndex, wanted: Wanted) -> None:
        moved = index.moved_since(self._mark)
        self._mark = index.moves
        if self._nearest is None or self._nearest[1].arn in moved:
            self._nearest = nearest_of(index.by_arn.values(), wanted)
            return
        views = [index.by_arn[arn] for arn in moved if arn in index.by_arn]
        nearer = nearest_of(views, wanted)
        if nearer is not None and nearer[0] < self._nearest[0]:
            self._nearest = nearer


def nearest_of(views: Iterable[InstanceView], wanted: Wanted) -> Miss | None:
    nearest: Miss | None = None
    for view in views:
        told = view.instance.status == "ACTIVE" and is_spoken_of(view, wanted)
        found = first_miss(view, wanted) if told else None
        if found is not None:
            rank, miss = found
            distance = (-rank, miss.short_by, arn_of(view))
            if nearest is None or distance < nearest[0]:
                nearest = distance, Failure(arn_of(view), miss.reason, miss.detail)
    return nearest
