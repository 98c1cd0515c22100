"""The first of a row of instances with enough CPU and memory left, without a walk over the full ones."""

from __future__ import annotations

from collections.abc import Sequence

EMPTY = -(2**63)


class FirstFit:
    """A tree over the row: each of its places knows the most CPU and the most memory left below it."""

    def __init__(self, cpu: Sequence[int], memory: Sequence[int]) -> None:
        self._length = len(cpu)
        self._size = size = 1 << max(0, self._length - 1).bit_length()
        padding = [EMPTY] * (size - self._length)
        self._cpu = [EMPTY] * size + [*cpu, *padding]
        self._memory = [EMPTY] * size + [*memory, *padding]
        for place in range(size - 1, 0, -1):
            self._cpu[place] = max(self._cpu[2 * place], self._cpu[2 * place + 1])
            self._memory[place] = max(self._memory[2 * place], self._memory[2 * place + 1])

    def set(self, at: int, cpu: int, memory: int) -> None:
        place = at + self._size
        for most, value in ((self._cpu, cpu), (self._memory, memory)):
            place = at + self._size
            most[place] = value
            while place > 1:
                place >>= 1
                above = max(most[2 * place], most[2 * place + 1])
                if most[place] == above:
                    break
                most[place] = above

    def first(self, start: int, cpu: int, memory: int) -> int:
        """The first from `start` on; the length of the row when there is none."""
        if start >= self._length:
            return self._length
        place, size = start + self._size, self._size
        most_cpu, most_memory = self._cpu, self._memory
        while place:
            if most_cpu[place] >= cpu and most_memory[place] >= memory:
                if place >= size:
                    return place - size
                place *= 2
            else:
                while place & 1:
                    place >>= 1
                place += 1 if place else 0
        return self._length
