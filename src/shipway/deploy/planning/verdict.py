"""The end of a deployment: one verdict, one exit code, one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What became of a deployment; the value is the word people read."""

    DEPLOYED = "deployed"
    UNCHANGED = "unchanged"
    ERROR = "error"
    ROLLED_BACK = "rolled back"
    SUPERSEDED = "superseded"
    PAUSED = "paused"
    STOPPED = "stopped"
    TIMED_OUT = "timed out"
    REFUSED = "refused"
    DETACHED = "detached"
    INTERRUPTED = "interrupted"
    NOT_BEGUN = "not begun"
    LOST = "lost sight"

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self]

    @property
    def good(self) -> bool:
        return self in (Verdict.DEPLOYED, Verdict.UNCHANGED, Verdict.DETACHED)


EXIT_CODES = {
    Verdict.DEPLOYED: 0,
    Verdict.UNCHANGED: 0,
    # Detaching is what the user chose; the deployment goes on by itself.
    Verdict.DETACHED: 0,
    Verdict.ERROR: 1,
    # It goes on, but we cannot see how.
    Verdict.LOST: 1,
    Verdict.ROLLED_BACK: 3,
    Verdict.SUPERSEDED: 4,
    Verdict.PAUSED: 5,
    Verdict.STOPPED: 6,
    Verdict.TIMED_OUT: 7,
    Verdict.REFUSED: 8,
    # Nobody chose to leave: a script must not take it for a deployment that is done.
    Verdict.INTERRUPTED: 130,
    # Of several services, one that must not be begun because of another. That other's code is the release's.
    Verdict.NOT_BEGUN: 1,
}


@dataclass(frozen=True)
class Ending:
    """A verdict with its sentence: what happened, and why."""

    verdict: Verdict
    sentence: str
