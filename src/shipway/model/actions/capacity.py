"""Actions on capacity providers."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.arn import short_name
from shipway.model.capacity_provider import GroupSize


class ScaleGroup(Action, frozen=True, kw_only=True):
    """Which instances a capacity provider's group has from now on, and which of them are to leave it."""

    capacity_provider_arn: str
    group_size: GroupSize
    members: tuple[int, ...]
    leaving: dict[int, int]
    launched_at: int
    spare_since: int | None

    def text(self) -> str:
        members = " ".join(str(number) for number in self.members) or "nobody"
        leaving = " ".join(str(number) for number in sorted(self.leaving))
        spare = ", some to spare" if self.spare_since is not None else ""
        return (
            f"group of {short_name(self.capacity_provider_arn)}: {members}"
            f"{f', leaving {leaving}' if leaving else ''}{spare}"
        )
