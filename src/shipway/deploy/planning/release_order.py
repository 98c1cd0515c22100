"""Which services of a release are begun next, which never will be, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shipway.deploy.planning.verdict import Verdict

# From here down it gets better: the verdict of a release is the first that one of its services has.
WORST_FIRST = (
    Verdict.INTERRUPTED,
    Verdict.ERROR,
    Verdict.LOST,
    Verdict.ROLLED_BACK,
    Verdict.TIMED_OUT,
    Verdict.STOPPED,
    Verdict.REFUSED,
    Verdict.SUPERSEDED,
    Verdict.PAUSED,
    Verdict.NOT_BEGUN,
    Verdict.DETACHED,
    Verdict.DEPLOYED,
    Verdict.UNCHANGED,
)


@dataclass(frozen=True)
class Next:
    """Services to begin now, and others that are not to be begun at all, with the reason."""

    begin: tuple[str, ...] = ()
    leave: tuple[tuple[str, str], ...] = ()


def next_services(
    needs: Mapping[str, tuple[str, ...]], verdicts: Mapping[str, Verdict | None], *, stop: bool
) -> Next:
    """`verdicts` holds None for those under way; whoever is missing is not begun yet. With `stop` nothing
    more is begun once one has failed.
    """
    begin: list[str] = []
    leave: list[tuple[str, str]] = []
    failed = next((name for name, found in verdicts.items() if found is not None and not found.good), None)
    for name, needed in needs.items():
        if name in verdicts:
            continue
        bad = next((other for other in needed if not _may_follow(verdicts.get(other))), None)
        if bad is not None:
            word = verdicts[bad]
            assert word is not None
            leave.append((name, f"it needs {bad}, which is {word.value}"))
        elif stop and failed is not None:
            word = verdicts[failed]
            assert word is not None
            leave.append((name, f"{failed} is {word.value}"))
        elif all(_over(verdicts, other) for other in needed):
            begin.append(name)
    return Next(tuple(begin), tuple(leave))


def worst(verdicts: Mapping[str, Verdict]) -> Verdict:
    return min(verdicts.values(), key=WORST_FIRST.index)


def _over(verdicts: Mapping[str, Verdict | None], name: str) -> bool:
    return verdicts.get(name) is not None


def _may_follow(verdict: Verdict | None) -> bool:
    return verdict is None or verdict.good
