"""What users asked for, and whether they ever got it: a kind of request that is always refused tests nothing.
And how deployments ended: a strategy that never failed was never tried in earnest.

A kind is an operation with one or two of its traits: the members that were given, by path, and what an
enumeration's value was (`deploymentConfiguration.strategy=CANARY`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from shipway.model.service_revision import ServiceDeployment
from shipway.store import Change

ASKED_OFTEN = 20
"""As often as this a kind must have been asked for before its refusals say something."""

ENUMERATED = re.compile(r"[A-Z][A-Z_0-9]+")


class Tally:
    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._last_refusal: dict[str, str] = {}
        self.ends: Counter[tuple[str, str]] = Counter()  # strategies, and how deployments with them ended

    def committed(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            before, after = change.before, change.after
            if not isinstance(before, ServiceDeployment) or not isinstance(after, ServiceDeployment):
                continue
            if before.in_progress and not after.in_progress:
                self.ends[after.strategy, after.status] += 1

    def answered(self, operation: str, members: dict[str, Any], refusal: str) -> None:
        """`refusal` is empty when it was done."""
        for kind in kinds_of(operation, members):
            self._asked[kind] += 1
            if refusal:
                self._last_refusal[kind] = refusal
            else:
                self._done[kind] += 1

    def add(self, other: Tally) -> None:
        self._asked += other._asked
        self._done += other._done
        self._last_refusal |= other._last_refusal
        self.ends += other.ends

    def done(self, kind: str) -> int:
        return self._done[kind]

    def always_refused(self, asked_often: int = ASKED_OFTEN) -> list[str]:
        """One line a kind, with its last refusal. A kind whose plainer kind is told already is left out."""
        told: list[str] = []
        lines = []
        for kind in sorted(self._asked, key=lambda kind: (len(kind.split()), kind)):
            parts = set(kind.split())
            if self._asked[kind] < asked_often or self._done[kind]:
                continue
            if not any(parts.issuperset(plainer.split()) for plainer in told):
                told.append(kind)
                lines.append(f"{kind}: {self._asked[kind]} times, {self._last_refusal[kind]}")
        return lines


def kinds_of(operation: str, members: dict[str, Any]) -> Iterator[str]:
    traits = sorted(set(traits_of(members)))
    yield operation
    yield from (f"{operation} {trait}" for trait in traits)
    yield from (f"{operation} {one} {other}" for one, other in combinations(traits, 2))


def traits_of(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from traits_of(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for member in value:
            yield from traits_of(member, path)
    elif path:
        yield f"{path}={value}" if isinstance(value, str) and ENUMERATED.fullmatch(value) else path
