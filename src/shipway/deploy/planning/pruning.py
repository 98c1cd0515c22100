"""Which revisions of a family nobody needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shipway.deploy.planning.references import short


@dataclass(frozen=True)
class Pruning:
    """ARNs to remove, and what stays with the reason why."""

    remove: tuple[str, ...]
    keep: tuple[tuple[str, str], ...]

    def text(self) -> str:
        lines = [f"keep    {short(arn)}: {reason}" for arn, reason in self.keep]
        lines += [f"remove  {short(arn)}" for arn in self.remove]
        return "\n".join(lines) or "there are no revisions"


def plan_pruning(revisions: tuple[str, ...], needed: Mapping[str, str], keep: int) -> Pruning:
    """The newest stay, and whatever is needed, however old it is. Revisions come newest first."""
    kept, removed = [], []
    for number, arn in enumerate(revisions):
        if arn in needed:
            kept.append((arn, needed[arn]))
        elif number < keep:
            kept.append((arn, f"one of the newest {keep}"))
        else:
            removed.append(arn)
    return Pruning(tuple(removed), tuple(kept))


def newest_first(arns: list[str], family: str) -> tuple[str, ...]:
    """Of this family only; by number, so that 10 comes before 9."""
    own = [arn for arn in arns if short(arn).rpartition(":")[0] == family]
    return tuple(sorted(own, key=lambda arn: int(arn.rpartition(":")[2]), reverse=True))
