"""What clients were promised: values that they wrote and were acknowledged, read back from the state.

A write in doubt (no answer came) may or may not have happened; after the next look it is one or the other.
"""

from __future__ import annotations

from collections.abc import Callable

from shipway.store import State

Value = str | int | bool
Read = Callable[[State], Value | None]


class Promise:
    """One thing that one client writes. `allowed` are the values it may have now."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.allowed: set[Value | None] = set()
        self.known = True  # False: something else overwrites it, so it may be anything


class Asked:
    """A write under way: tell what became of it, or leave it in doubt."""

    def __init__(self, promise: Promise, value: Value | None) -> None:
        self._promise = promise
        self._before = set(promise.allowed)
        self._value = value
        promise.allowed.add(value)

    def acknowledged(self) -> None:
        self._promise.allowed = {self._value}
        self._promise.known = True

    def refused(self) -> None:
        self._promise.allowed = self._before


class Ledger:
    def __init__(self) -> None:
        self._promises: dict[str, Promise] = {}

    def ask(self, what: str, value: Value | None, read: Read, otherwise: Value | None = None) -> Asked:
        """Before a write is sent. `otherwise` is what it is read as when it was never written."""
        promise = self._promises.get(what)
        if promise is None:
            promise = self._promises[what] = Promise(read)
            promise.allowed.add(otherwise)
        return Asked(promise, value)

    def forget(self, what: str) -> None:
        """It is about to be overwritten by something else."""
        if what in self._promises:
            self._promises[what].known = False

    def lost(self, state: State) -> list[str]:
        """What is not as it was acknowledged. What was in doubt is settled by this look."""
        found = []
        for what, promise in self._promises.items():
            value = promise.read(state)
            if promise.known and value not in promise.allowed:
                allowed = " or ".join(sorted(str(each) for each in promise.allowed))
                found.append(f"{what} is {value}, and {allowed} was acknowledged")
            promise.allowed, promise.known = {value}, True
        return found
