"""The records of one kind in memory, with their indexes."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter
from typing import Generic, TypeVar

from shipway.model.record import Record

R = TypeVar("R", bound=Record)


class Keys(set[str]):
    """Keys of records. Their order is made when it is first asked for, and kept from then on."""

    __slots__ = ("_order",)

    def __init__(self) -> None:
        super().__init__()
        self._order: list[str] | None = None

    def include(self, key: str) -> None:
        if self._order is not None and key not in self:
            insort(self._order, key)
        self.add(key)

    def exclude(self, key: str) -> None:
        self.remove(key)
        if self._order is not None:
            del self._order[bisect_left(self._order, key)]

    def ordered(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self)
        return self._order


class Table(Generic[R]):
    """Records by key and by each index that their class names. Lists come sorted by key; what has None as
    an index's value is not in that index.
    """

    def __init__(self, kind: type[R]) -> None:
        self.rows: dict[str, R] = {}
        self._keys = Keys()
        self._indexes: dict[str, dict[object, Keys]] = {name: {} for name in kind.indexes}
        self._attributes = {name: attrgetter(name) for name in kind.indexes}

    def all(self) -> list[R]:
        return self._records(self._keys)

    def by(self, index: str, value: object) -> list[R]:
        found = self._indexes[index].get(value)
        return self._records(found) if found else []

    def count_by(self, index: str, value: object) -> int:
        return len(self._indexes[index].get(value, ()))

    def values(self, index: str) -> list[str]:
        """The values of an index that have at least one record, sorted."""
        return sorted(str(value) for value in self._indexes[index])

    def has(self, index: str, value: object) -> bool:
        return value in self._indexes[index]

    def put(self, key: str, record: R | None) -> R | None:
        """Sets or (None) removes the record of a key; returns what was there before."""
        before = self.rows.get(key)
        for name, entries in self._indexes.items():
            old = None if before is None else self._attributes[name](before)
            new = None if record is None else self._attributes[name](record)
            if old == new:
                continue
            if old is not None:
                entries[old].exclude(key)
                if not entries[old]:
                    del entries[old]
            if new is not None:
                entries.setdefault(new, Keys()).include(key)
        if record is not None:
            self.rows[key] = record
            self._keys.include(key)
        elif before is not None:
            del self.rows[key]
            self._keys.exclude(key)
        return before

    def _records(self, keys: Keys) -> list[R]:
        rows = self.rows
        return [rows[key] for key in keys.ordered()]
