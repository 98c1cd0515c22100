"""The records of one kind in memory, with their indexes."""

from __future__ import annotations

from operator import attrgetter
from typing import Generic, TypeVar

from shipway.model.record import Record

R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """Records by key and by each index that their class names. Lists come sorted by key."""

    def __init__(self, kind: type[R]) -> None:
        self.rows: dict[str, R] = {}
        self._indexes: dict[str, dict[object, dict[str, R]]] = {name: {} for name in kind.indexes}
        self._attributes = {name: attrgetter(name) for name in kind.indexes}

    def all(self) -> list[R]:
        return [self.rows[key] for key in sorted(self.rows)]

    def by(self, index: str, value: object) -> list[R]:
        found = self._indexes[index].get(value)
        return [found[key] for key in sorted(found)] if found else []

    def count_by(self, index: str, value: object) -> int:
        return len(self._indexes[index].get(value, ()))

    def values(self, index: str) -> list[str]:
        """The values of an index that have at least one record, sorted; None is left out."""
        return sorted(str(value) for value in self._indexes[index] if value is not None)

    def put(self, key: str, record: R | None) -> R | None:
        """Sets or (None) removes the record of a key; returns what was there before."""
        before = self.rows.pop(key, None)
        if before is not None:
            self._forget(key, before)
        if record is not None:
            self.rows[key] = record
            for name, entries in self._indexes.items():
                entries.setdefault(self._attributes[name](record), {})[key] = record
        return before

    def _forget(self, key: str, record: R) -> None:
        for name, entries in self._indexes.items():
            value = self._attributes[name](record)
            found = entries[value]
            del found[key]
            if not found:
                del entries[value]
