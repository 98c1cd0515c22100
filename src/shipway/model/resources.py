"""CPU units, memory and ports: what an instance offers and what a task takes."""

from __future__ import annotations

import msgspec


class Reservation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one task takes on its container instance. CPU in units (1024 a core), memory in MiB."""

    cpu: int = 0
    memory: int = 0
    ports_tcp: tuple[int, ...] = ()
    ports_udp: tuple[int, ...] = ()
    gpus: int = 0


class Remaining(msgspec.Struct, frozen=True, gc=False):
    """What a container instance has left."""

    cpu: int
    memory: int
    ports_tcp: frozenset[int] = frozenset()  # taken
    ports_udp: frozenset[int] = frozenset()  # taken
    gpu_ids: tuple[str, ...] = ()

    def minus(self, taken: Reservation) -> Remaining:
        """A task takes the first GPUs that are left."""
        return Remaining(
            self.cpu - taken.cpu,
            self.memory - taken.memory,
            self.ports_tcp.union(taken.ports_tcp),
            self.ports_udp.union(taken.ports_udp),
            self.gpu_ids[taken.gpus :],
        )
