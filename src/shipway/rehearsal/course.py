"""The course of a rehearsal, from looks at the service: a timeline, how long it was below its minimum, and
how long it took to recover from each fault. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from shipway.drawing.timeline import Limits, Mark, Sample, Timeline
from shipway.rehearsal.breaking import Look, TaskSeen

Members = dict[str, Any]
Counts = tuple[int, int, int]  # running, pending, healthy

MINIMUM_DEFAULT, MAXIMUM_DEFAULT = 100, 200
PENDING = ("PROVISIONING", "PENDING", "ACTIVATING")
TELLING = ("deployment failed", "rolling back", "deployment completed", "unhealthy", "unable")


@dataclass(frozen=True)
class Recovery:
    """`fewest` healthy tasks after a fault; `after_s` until all were healthy again, None: not in the end."""

    fault: str
    fewest: int
    desired: int
    after_s: float | None

    def text(self) -> str:
        if self.fewest >= self.desired:
            return f"never fewer than the {self.desired} tasks wanted were healthy"
        fewest = f"{self.fewest} of {self.desired} tasks were healthy at worst"
        if self.after_s is None:
            return f"{fewest}; all were not healthy again when the rehearsal ended"
        return f"{fewest}; all were healthy again {self.after_s:.1f} s after the fault"


def limits_of(look: Look) -> Limits:
    desired = int(look.service.get("desiredCount", 0))
    configured = look.service.get("deploymentConfiguration") or {}
    minimum = int(configured.get("minimumHealthyPercent", MINIMUM_DEFAULT))
    maximum = int(configured.get("maximumPercent", MAXIMUM_DEFAULT))
    return Limits(
        at_s=look.at_s,
        desired=desired,
        minimum=-(-desired * minimum // 100),
        maximum=desired * maximum // 100,
    )


def healthy_in(look: Look) -> int:
    return sum(task.healthy for task in look.tasks if task.status == "RUNNING")


def is_at_rest(look: Look) -> bool:
    """One deployment is left, and all of its tasks are healthy."""
    deployments = look.service.get("deployments") or ()
    return len(deployments) == 1 and healthy_in(look) >= limits_of(look).desired


def below_minimum_s(looks: tuple[Look, ...]) -> float:
    """A look holds until the next."""
    spans = pairwise(looks)
    return sum(after.at_s - look.at_s for look, after in spans if healthy_in(look) < limits_of(look).minimum)


def recoveries(struck: Iterable[tuple[float, str]], looks: tuple[Look, ...]) -> tuple[Recovery, ...]:
    """One for each fault, from the first time that it struck."""
    first: dict[str, float] = {}
    for at_s, fault in struck:
        first.setdefault(fault, at_s)
    found = (recovery(fault, at_s, looks) for fault, at_s in first.items())
    return tuple(one for one in found if one is not None)


def recovery(fault: str, at_s: float, looks: Iterable[Look]) -> Recovery | None:
    """None when nobody looked after it."""
    after = [look for look in looks if look.at_s >= at_s]
    if not after:
        return None
    desired, fewest = limits_of(after[-1]).desired, min(healthy_in(look) for look in after)
    last_bad = max((i for i, look in enumerate(after) if healthy_in(look) < desired), default=-1)
    again = after[last_bad + 1].at_s - at_s if last_bad + 1 < len(after) else None
    return Recovery(fault, min(fewest, desired), desired, again)


def timeline(title: str, looks: tuple[Look, ...], marks: Iterable[Mark]) -> Timeline:
    ends_s = looks[-1].at_s if looks else 0.0
    told = (*marks, *event_marks(looks))
    return Timeline(
        title=title,
        ends_s=ends_s * 1.03 + 1,
        samples=tuple(_samples(looks)),
        limits=tuple(_changes(looks)),
        marks=tuple(sorted(told, key=lambda mark: mark.at_s)),
    )


def event_marks(looks: tuple[Look, ...]) -> list[Mark]:
    """What ECS said of the deployment, at the look that saw it first; not what it had said before."""
    known = {str(event["id"]) for look in looks[:1] for event in _events(look)}
    marks = []
    for look in looks[1:]:
        for event in reversed(_events(look)):
            if str(event["id"]) in known:
                continue
            known.add(str(event["id"]))
            message = str(event["message"])
            if any(word in message for word in TELLING):
                trouble = "completed" not in message
                marks.append(Mark(at_s=look.at_s, text=message, trouble=trouble))
    return marks


def _events(look: Look) -> list[Members]:
    return list(look.service.get("events") or ())


def _samples(looks: tuple[Look, ...]) -> list[Sample]:
    """Only where something changed."""
    samples: list[Sample] = []
    last: dict[str, Counts] = {}
    for look in looks:
        now = _counts(look.tasks)
        for revision in dict.fromkeys((*last, *now)):
            counts = now.get(revision, (0, 0, 0))
            if last.get(revision, (0, 0, 0)) != counts:
                running, pending, healthy = counts
                sample = Sample(
                    at_s=look.at_s, revision=revision, running=running, pending=pending, healthy=healthy
                )
                samples.append(sample)
            last[revision] = counts
    return samples


def _counts(tasks: tuple[TaskSeen, ...]) -> dict[str, Counts]:
    counts: dict[str, Counts] = {}
    for task in tasks:
        running, pending, healthy = counts.get(task.revision, (0, 0, 0))
        is_running = task.status == "RUNNING"
        counts[task.revision] = (
            running + is_running,
            pending + (task.status in PENDING),
            healthy + (is_running and task.healthy),
        )
    return counts


def _changes(looks: tuple[Look, ...]) -> list[Limits]:
    changes: list[Limits] = []
    for look in looks:
        limits = limits_of(look)
        if not changes or msgspec.structs.replace(changes[-1], at_s=look.at_s) != limits:
            changes.append(limits)
    return changes
