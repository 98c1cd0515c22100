"""What became of the requests to the service under rehearsal, as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NO_ANSWER = "no answer"


@dataclass(frozen=True)
class RequestsMade:
    """`failures` by status (5xx), or that nobody answered in time."""

    url: str
    requests: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    first_failed_s: float | None = None

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def text(self) -> str:
        if not self.failed:
            return f"{self.requests} requests to {self.url}, none failed"
        how = ", ".join(f"{what}: {count}" for what, count in self.failures.items())
        return (
            f"{self.requests} requests to {self.url}, {self.failed} failed ({how}), "
            f"the first after {self.first_failed_s or 0:.1f} s"
        )

    def as_document(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "made": self.requests,
            "failed": self.failed,
            "failures": self.failures,
            "firstFailedAfterS": None if self.first_failed_s is None else round(self.first_failed_s, 1),
        }
