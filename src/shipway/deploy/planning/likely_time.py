"""How long a deployment is likely to take, from earlier ones that succeeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]

EARLIER_MAX = 10
LONG_DELAY_S = 60


@dataclass(frozen=True)
class LikelyTime:
    """Seconds that earlier deployments took, the newest first; the deregistration delay among them."""

    earlier_s: tuple[float, ...]
    deregistration_delay_s: int = 0

    @property
    def usual_s(self) -> float | None:
        return sorted(self.earlier_s)[len(self.earlier_s) // 2] if self.earlier_s else None

    def sentence(self) -> str:
        usual = self.usual_s
        if usual is None:
            said = "how long it takes is not known: no earlier deployment succeeded"
        else:
            of, longest = len(self.earlier_s), spoken(max(self.earlier_s))
            said = f"usually {spoken(usual)} (the middle of {of} that succeeded, at most {longest})"
        if self.deregistration_delay_s >= max(LONG_DELAY_S, (usual or 0) / 2):
            said += f"; the deregistration delay of {self.deregistration_delay_s} s is the slowest part"
        return f"{said}."

    def as_document(self) -> Members:
        return {
            "sentence": self.sentence(),
            "usualS": self.usual_s,
            "earlierS": list(self.earlier_s),
            "deregistrationDelayS": self.deregistration_delay_s,
        }


def likely_time(deployments: tuple[tuple[float, float], ...], deregistration_delay_s: int) -> LikelyTime:
    """From (started, finished) of the deployments that succeeded, the newest first."""
    took = tuple(round(finished - started, 1) for started, finished in deployments)
    return LikelyTime(took[:EARLIER_MAX], deregistration_delay_s)


def spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
