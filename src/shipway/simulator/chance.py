"""Chance: named streams of one seed, so that one more draw in one place changes nothing elsewhere."""

from __future__ import annotations

import random


class Chance:
    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def of(self, name: str) -> random.Random:
        """The stream of that name."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = random.Random(f"{self.seed}/{name}")
        return stream
