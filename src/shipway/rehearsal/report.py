"""What a rehearsal came to, as a value, as text and as a document. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from shipway.deploy.documents.outcome import OutcomeDocument
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.verdict import Verdict
from shipway.drawing.timeline import Mark, Timeline
from shipway.rehearsal.course import Recovery
from shipway.rehearsal.requests_made import RequestsMade
from shipway.rehearsal.stand_ins import StandIn

FIRST_FAILED = 1
NOTHING_TO_REHEARSE = (
    "The first version did not come up, so there is nothing to rehearse. "
    "Begin with one that works: --first TAG, --first CONTAINER=IMAGE or --from-live."
)
NOT_REACHED = "the deployment ended before so many new tasks ran."
Blow = tuple[float, str, str]  # when (seconds into the new version), which fault, what it was


class StandInDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that exists in AWS only, and what the rehearsal had instead."""

    what: str
    instead: str


class FaultDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was broken, and so many seconds after the new version's deployment began."""

    fault: str
    after_s: float
    text: str


class RecoveryDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the service got over a fault."""

    fault: str
    desired: int
    fewest_healthy: int
    recovered_after_s: Annotated[float | None, Meta(description="null: it had not when the rehearsal ended")]


class RequestsDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Requests to the service while the new version was deployed."""

    url: str
    made: int
    failed: int
    failures: Annotated[dict[str, int], Meta(description="by status, or: no answer")]
    first_failed_after_s: float | None


class RehearsalDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the rehearsed deployment came to."""

    verdict: Annotated[str, Meta(description="the new deployment's, or: first version failed")]
    exit_code: int
    engine: Annotated[str, Meta(description="docker or simulated")]
    speed: Annotated[float, Meta(description="so many times shorter were ECS's waits")]
    stand_ins: tuple[StandInDocument, ...]
    faults: tuple[FaultDocument, ...]
    faults_that_never_came: tuple[str, ...]
    recoveries: tuple[RecoveryDocument, ...]
    below_minimum_s: Annotated[float, Meta(description="with fewer healthy tasks than the minimum")]
    requests: Annotated[RequestsDocument | None, Meta(description="null: nothing answered at a URL")]
    first: OutcomeDocument | None
    new: OutcomeDocument | None


@dataclass(frozen=True)
class Report:
    """`new` is None when the first version did not come up: then there was nothing to rehearse."""

    engine: str
    speed: float
    first: Outcome | None = None
    new: Outcome | None = None
    stand_ins: tuple[StandIn, ...] = ()
    blows: tuple[Blow, ...] = ()
    never_came: tuple[str, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    below_minimum_s: float = 0.0
    requests: RequestsMade | None = None
    timeline: Timeline | None = None

    @property
    def exit_code(self) -> int:
        """That of the rehearsed deployment."""
        return FIRST_FAILED if self.new is None else self.new.exit_code

    def text(self) -> str:
        assert self.first is not None
        if self.new is None:
            return f"{self.first.text()}\n{NOTHING_TO_REHEARSE}"
        lines = [f"rehearsed {_where(self)}:", self.new.text()]
        lines += [f"  stood in for: {stand_in.text()}" for stand_in in self.stand_ins]
        lines += blow_lines(self.blows)
        lines += [f"  {recovery.fault}: {recovery.text()}" for recovery in self.recoveries]
        if self.below_minimum_s:
            lines.append(f"  below its minimum of healthy tasks for {self.below_minimum_s:.1f} s")
        else:
            lines.append("  never below its minimum of healthy tasks")
        if self.requests is not None:
            lines.append(f"  {self.requests.text()}")
        lines += [f"  fault {fault} did not come about: {NOT_REACHED}" for fault in self.never_came]
        return "\n".join(lines)

    def as_document(self) -> dict[str, Any]:
        """For `-o json`."""
        return {
            "verdict": "first version failed" if self.new is None else self.new.verdict.value,
            "exitCode": self.exit_code,
            "engine": self.engine,
            "speed": self.speed,
            "faults": [
                {"fault": fault, "afterS": round(at_s, 1), "text": text} for at_s, fault, text in self.blows
            ],
            "faultsThatNeverCame": list(self.never_came),
            "standIns": [{"what": found.what, "instead": found.instead} for found in self.stand_ins],
            "recoveries": [
                {
                    "fault": found.fault,
                    "desired": found.desired,
                    "fewestHealthy": found.fewest,
                    "recoveredAfterS": None if found.after_s is None else round(found.after_s, 1),
                }
                for found in self.recoveries
            ],
            "belowMinimumS": round(self.below_minimum_s, 1),
            "requests": self.requests.as_document() if self.requests else None,
            "first": self.first.as_document() if self.first else None,
            "new": self.new.as_document() if self.new else None,
        }


def _where(report: Report) -> str:
    speed = "" if report.speed == 1 else f", waits {report.speed:g} times shorter"
    return f"on a local ECS of its own, containers {_containers(report.engine)}{speed}"


def _containers(engine: str) -> str:
    return "in Docker" if engine == "docker" else "simulated"


def blow_lines(blows: tuple[Blow, ...]) -> list[str]:
    """The first of each fault, and how many more there were."""
    counts = Counter(fault for _, fault, _ in blows)
    first = {fault: (at_s, text) for at_s, fault, text in reversed(blows)}
    return [
        f"  fault {fault} after {at_s:.1f} s: {text}"
        + (f", and {counts[fault] - 1} more like it" if counts[fault] > 1 else "")
        for fault, (at_s, text) in sorted(first.items(), key=lambda item: item[1])
    ]


def marks_of(blows: tuple[Blow, ...], verdict: Verdict, ended_s: float) -> tuple[Mark, ...]:
    """For the picture: when the deployment began, what was broken, when it ended and how."""
    return (
        Mark(at_s=0.0, text="the new version is deployed"),
        *(Mark(at_s=at_s, text=f"{fault}: {text}", trouble=True) for at_s, fault, text in blows),
        Mark(at_s=ended_s, text=f"verdict: {verdict.value}", trouble=not verdict.good),
    )
