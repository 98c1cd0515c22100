"""The base of everything the store remembers: a frozen value with a key and named indexes."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A value the store keeps. `indexes` names the attributes (or properties) it can be looked up by.

    Frozen values are part of no cycle, so the garbage collector need not walk them: with a hundred thousand
    tasks in memory its walks would cost more than all decisions.
    """

    key_member: ClassVar[str] = ""
    indexes: ClassVar[tuple[str, ...]] = ()

    @property
    def key(self) -> str:
        """The record's identity within its kind, normally its ARN."""
        return str(getattr(self, self.key_member))


Document = dict[str, Any]
"""A piece of ECS JSON kept verbatim, with ECS's own member names."""
