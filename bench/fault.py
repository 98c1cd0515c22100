"""A fault to plant in a copy of the source."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """`old` stands once in the file, and is replaced by `new`."""

    name: str
    file: str
    old: str
    new: str
