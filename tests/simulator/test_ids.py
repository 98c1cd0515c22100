"""Seeded ids: the same seed draws the same ones, in the forms that Amazon ECS uses."""

from __future__ import annotations

import random
import uuid

from shipway.seams import SeededIds


def test_uuids_are_of_version_4_as_python_writes_them() -> None:
    """So neither a seed's transcript nor a client that checks the version sees who wrote them."""
    ids, bits = SeededIds(5), random.Random("5/uuid")
    for _ in range(1_000):
        assert ids.uuid() == str(uuid.UUID(int=bits.getrandbits(128), version=4))
