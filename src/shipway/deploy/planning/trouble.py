"""Looks that fail: how long until the next one, and when the watch has lost sight of what it follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shipway.deploy.planning.verdict import Ending, Verdict

# A network may be away for minutes, and AWS may throttle as long; a deployment is worth that much patience.
LOST_AFTER_MS = 300_000
PAUSE_S_MAX = 20.0


@dataclass(frozen=True)
class Trouble:
    """Since when, and how many looks in a row have failed; `hopeless` is what no further look will heal."""

    since_ms: int
    looks: int = 0
    hopeless: bool = False

    def after(self, *, hopeless: bool) -> Trouble:
        return replace(self, looks=self.looks + 1, hopeless=hopeless)

    def pause_s(self, chance: float) -> float:
        """Doubles with every failed look; half of it is left to chance."""
        return float(min(PAUSE_S_MAX, 2.0 ** (self.looks - 1)) * (0.5 + chance / 2))


def lost_sight(
    trouble: Trouble, sentence: str, moment_ms: int, deadline_ms: float, resume_command: str
) -> Ending | None:
    """At the deadline, too: whether the deployment has ended by then, nobody could see."""
    patient = moment_ms - trouble.since_ms < LOST_AFTER_MS and moment_ms < deadline_ms
    if patient and not trouble.hopeless:
        return None
    return Ending(
        Verdict.LOST,
        f"ECS goes on by itself, but we do not see it any more. {sentence} "
        f"When that is mended, follow it to its end with `{resume_command}`.",
    )
