"""What a release of several services comes to: a verdict a service, and one for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.counting import several
from shipway.deploy.planning.release_order import worst
from shipway.deploy.planning.verdict import Verdict


@dataclass(frozen=True)
class ReleaseOutcome:
    """The outcomes by the services' names in the file; the verdict is that of the worst."""

    cluster: str
    outcomes: dict[str, Outcome]
    duration_ms: int = 0

    @property
    def verdict(self) -> Verdict:
        return worst({name: one.verdict for name, one in self.outcomes.items()})

    @property
    def exit_code(self) -> int:
        return self.verdict.exit_code

    @property
    def sentence(self) -> str:
        """How many of which verdict, in the order of the services."""
        words = [one.verdict.value for one in self.outcomes.values()]
        said = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
        return f"of {several(len(words), 'service')}: {said}."

    def text(self) -> str:
        lines = [one.text() for one in self.outcomes.values()]
        return "\n".join([*lines, f"{self.verdict.value}: the release, {self.sentence}"])

    def as_document(self) -> dict[str, Any]:
        """For `-o json`."""
        return {
            "verdict": self.verdict.value,
            "sentence": self.sentence,
            "exitCode": self.exit_code,
            "cluster": self.cluster,
            "durationMs": self.duration_ms,
            "services": {name: one.as_document() for name, one in self.outcomes.items()},
        }
