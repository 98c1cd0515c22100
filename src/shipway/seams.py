"""The seams to the world that decisions must not touch: what time it is, and which id comes next."""

from __future__ import annotations

import random
import time
from typing import Protocol

WORD_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


class Clock(Protocol):
    """Tells the moment, in milliseconds since 1970 UTC."""

    def now_ms(self) -> int:
        """The present moment in epoch milliseconds."""
        ...


class Ids(Protocol):
    """Draws new identifiers in the forms that Amazon ECS uses."""

    def hex32(self) -> str:
        """32 lower-case hexadecimal digits: tasks, container instances."""
        ...

    def uuid(self) -> str:
        """A version 4 UUID: containers, attachments, events, request ids."""
        ...

    def number19(self) -> str:
        """19 decimal digits: deployments and service revisions (`ecs-svc/N`)."""
        ...

    def word21(self) -> str:
        """21 characters of [A-Za-z0-9_-]: service deployments."""
        ...

    def word43(self) -> str:
        """43 characters of [A-Za-z0-9_-]: lifecycle hooks."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class SeededIds:
    """Ids from seeded streams, one a kind, so that one more task does not change every other id."""

    def __init__(self, seed: int | str) -> None:
        self._streams = {
            kind: random.Random(f"{seed}/{kind}")
            for kind in ("hex32", "uuid", "number19", "word21", "word43")
        }

    def hex32(self) -> str:
        return f"{self._streams['hex32'].getrandbits(128):032x}"

    def uuid(self) -> str:
        digits = f"{self._streams['uuid'].getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def number19(self) -> str:
        return f"{self._streams['number19'].randrange(10**18, 2**63):019d}"

    def word21(self) -> str:
        return "".join(self._streams["word21"].choices(WORD_ALPHABET, k=21))

    def word43(self) -> str:
        return "".join(self._streams["word43"].choices(WORD_ALPHABET, k=43))


class RandomIds(SeededIds):
    """Ids that nobody can foretell: the same streams, drawn from the operating system."""

    def __init__(self) -> None:
        super().__init__(0)
        self._streams = {kind: random.SystemRandom() for kind in self._streams}
