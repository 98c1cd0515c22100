"""A fleet in the orders in which placement asks for it, kept from one look to the next.

An index is worked out once, and from then on follows the fleet: it compares the instances it knows with those
of the next snapshot, which are the same values wherever nothing changed, and moves only the others. What it
answers depends on the fleet alone. `Ground` lays the tasks that one pass places on top of it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any

from shipway.model.snapshot import Fleet, InstanceView
from shipway.scheduler.constraints import constraint_miss, lasting
from shipway.scheduler.filters import Wanted, attributes_missing, constraints_of, launch_type
from shipway.scheduler.first_fit import FirstFit
from shipway.scheduler.strategies import Row, arn_of, left, row_of

Entry = tuple[Any, ...]
"""What is left of each resource that is packed, then the ARN."""

WISHES_MAX = 64  # signatures remembered; a cluster has few of them, whatever the number of its services


class Tier:
    """One row of a shelf. `fit` is made when it is asked for, where places in the row last."""

    __slots__ = ("entries", "fit")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.fit: FirstFit | None = None


class Shelf:
    """The instances that may be given tasks, a tier for each combination of the attributes that are spread
    over, each sorted by what is left of the resources that are packed, then by ARN.
    """

    def __init__(self, attributes: tuple[str, ...], packed: tuple[str, ...]) -> None:
        self._attributes = attributes
        self._packed = packed
        self.tiers: dict[Row, Tier] = {}
        self.row_by_arn: dict[str, Row] = {}

    def fill(self, views: Iterable[InstanceView]) -> None:
        for view in views:
            if may_be_given_tasks(view):
                row = row_of(view, self._attributes)
                self.row_by_arn[arn_of(view)] = row
                self.tiers.setdefault(row, Tier()).entries.append(self._entry(view))
        for tier in self.tiers.values():
            tier.entries.sort()

    def fit_of(self, tier: Tier, by_arn: dict[str, InstanceView]) -> FirstFit | None:
        """None for a shelf by what is left: there the places change with every task."""
        if tier.fit is None and not self._packed:
            left_over = [by_arn[arn].remaining for (arn,) in tier.entries]
            tier.fit = FirstFit([each.cpu for each in left_over], [each.memory for each in left_over])
        return tier.fit

    def _entry(self, view: InstanceView) -> Entry:
        return (*[left(view, field) for field in self._packed], arn_of(view))

    def move(self, before: InstanceView | None, after: InstanceView | None) -> None:
        arn = arn_of(after or before)  # type: ignore[arg-type]
        old = self.row_by_arn.get(arn)
        listed = after is not None and may_be_given_tasks(after)
        new = row_of(after, self._attributes) if after is not None and listed else None
        old_entry = self._entry(before) if before is not None and old is not None else None
        new_entry = self._entry(after) if after is not None and listed else None
        if old != new or old_entry != new_entry:
            self._take_down(arn, old, old_entry)
            self._put_up(arn, new, new_entry)
        elif after is not None and new is not None and new_entry is not None:
            tier = self.tiers[new]
            if tier.fit is not None:
                at = bisect_left(tier.entries, new_entry)
                tier.fit.set(at, after.remaining.cpu, after.remaining.memory)

    def _take_down(self, arn: str, row: Row | None, entry: Entry | None) -> None:
        if row is None or entry is None:
            return
        tier = self.tiers[row]
        del tier.entries[bisect_left(tier.entries, entry)]
        tier.fit = None
        del self.row_by_arn[arn]
        if not tier.entries:
            del self.tiers[row]

    def _put_up(self, arn: str, row: Row | None, entry: Entry | None) -> None:
        if row is not None and entry is not None:
            tier = self.tiers.setdefault(row, Tier())
            insort(tier.entries, entry)
            tier.fit = None
            self.row_by_arn[arn] = row


class FleetIndex:
    def __init__(self) -> None:
        self.instances: tuple[InstanceView, ...] = ()
        self.by_arn: dict[str, InstanceView] = {}
        self.groups: dict[str, dict[str, int]] = {}  # task group -> instance -> how many of its tasks
        self.draining: set[str] = set()
        self._shelves: dict[tuple[tuple[str, ...], tuple[str, ...]], Shelf] = {}
        self._suitable: dict[object, dict[str, bool]] = {}
        self.moves = 0
        self._moved_at: dict[str, int] = {}  # the last to move comes last
        self.misses: dict[object, object] = {}  # what `Ground` remembers of wishes that found no place

    def follow(self, instances: tuple[InstanceView, ...]) -> None:
        """From now on the index speaks of these."""
        if instances is self.instances:
            return
        if len(instances) == len(self.instances):
            pairs = zip(self.instances, instances, strict=True)
            moved = [(before, after) for before, after in pairs if before is not after]
        else:
            moved = []
        alike = all(arn_of(before) == arn_of(after) for before, after in moved)
        if len(instances) == len(self.instances) and alike:
            for before, after in moved:
                self._move(before, after)
        else:
            self._replace(instances)
        self.instances = instances

    def _replace(self, instances: tuple[InstanceView, ...]) -> None:
        """Instances came or went."""
        arns = {arn_of(view) for view in instances}
        for gone in [view for arn, view in self.by_arn.items() if arn not in arns]:
            self._move(gone, None)
        for view in instances:
            before = self.by_arn.get(arn_of(view))
            if before is not view:
                self._move(before, view)

    def _move(self, before: InstanceView | None, after: InstanceView | None) -> None:
        arn = arn_of(after or before)  # type: ignore[arg-type]
        self.moves += 1
        self._moved_at.pop(arn, None)
        self._moved_at[arn] = self.moves
        if after is None:
            del self.by_arn[arn]
        else:
            self.by_arn[arn] = after
        old = before.groups if before else {}
        new = after.groups if after else {}
        for group in old:
            if group not in new:
                del self.groups[group][arn]
                if not self.groups[group]:
                    del self.groups[group]
        for group, count in new.items():
            if old.get(group) != count:
                self.groups.setdefault(group, {})[arn] = count
        if after is not None and after.instance.status == "DRAINING":
            self.draining.add(arn)
        else:
            self.draining.discard(arn)
        for shelf in self._shelves.values():
            shelf.move(before, after)
        if before is None or after is None or before.instance is not after.instance:
            for known in self._suitable.values():
                known.pop(arn, None)

    def moved_since(self, mark: int) -> set[str]:
        """The instances that came, went or changed after `moves` had this number."""
        moved: set[str] = set()
        for arn, at in reversed(self._moved_at.items()):
            if at <= mark:
                break
            moved.add(arn)
        return moved

    def shelf(self, attributes: tuple[str, ...], packed: tuple[str, ...]) -> Shelf:
        key = (attributes, packed)
        if key not in self._shelves:
            self._shelves[key] = shelf = Shelf(attributes, packed)
            shelf.fill(self.instances)
        return self._shelves[key]

    def suitable(self, wanted: Wanted) -> dict[str, bool]:
        """What is known of instances for wishes like this one, whatever runs on them; see `is_suitable`."""
        signature = (
            wanted.task_definition.requires_attributes,
            wanted.needs_interface,
            wanted.launch_type,
            tuple(str(constraint.get("expression")) for constraint in lasting(constraints_of(wanted))),
        )
        if len(self._suitable) > WISHES_MAX:
            self._suitable.clear()
        return self._suitable.setdefault(signature, {})


def is_suitable(view: InstanceView, wanted: Wanted) -> bool:
    """Whether the instance would do if it were empty and endless: asked once, and again when it changes."""
    met = constraint_miss(view, lasting(constraints_of(wanted)), wanted.group) is None
    return met and launch_type(view, wanted) is None and not attributes_missing(view, wanted)


def index_of(fleet: Fleet) -> FleetIndex:
    index = fleet.memo.index
    if not isinstance(index, FleetIndex):
        fleet.memo.index = index = FleetIndex()
    index.follow(fleet.instances)
    return index


def may_be_given_tasks(view: InstanceView) -> bool:
    return view.instance.status == "ACTIVE" and view.instance.agent_connected
