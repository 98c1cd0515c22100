"""What happened to a service's tasks over time, as a value: who gathered it does not matter. Pure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Number = TypeVar("Number", int, float)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks of one revision from `at_s` on, until its next sample. `healthy` are among `running`."""

    at_s: float
    revision: str
    running: int
    pending: int
    healthy: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """From `at_s` on; `minimum` of healthy tasks, `maximum` of running and pending ones."""

    at_s: float
    desired: int
    minimum: int
    maximum: int


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened. `trouble` is drawn to be noticed."""

    at_s: float
    text: str
    trouble: bool = False


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """From `at_s` on the revision has so many percent of the production traffic."""

    at_s: float
    revision: str
    percent: float


class Instances(msgspec.Struct, frozen=True, kw_only=True):
    """From `at_s` on a capacity provider has so many. `starting` are ordered, `leaving` have tasks still."""

    at_s: float
    provider: str
    running: int
    starting: int = 0
    leaving: int = 0


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Every member is in the order of time."""

    title: str
    ends_s: float
    samples: tuple[Sample, ...] = ()
    limits: tuple[Limits, ...] = ()
    marks: tuple[Mark, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    instances: tuple[Instances, ...] = ()

    @property
    def revisions(self) -> list[str]:
        """In the order in which they appeared."""
        return list(dict.fromkeys(sample.revision for sample in self.samples))


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """One curve: `values[n]` holds from `at_s[n]` to `at_s[n + 1]`, the last to the end."""

    label: str
    at_s: tuple[float, ...]
    values: tuple[int, ...]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A band of the stack of tasks: those of one revision in one condition."""

    revision: str
    condition: str  # healthy, running or pending; running are those that are not healthy
    values: tuple[int, ...]


def layers(timeline: Timeline) -> tuple[tuple[float, ...], tuple[Layer, ...]]:
    """The moments at which a count changes, and the bands from the bottom: first all that are healthy, so
    that their sum can be held against the minimum; the pending last, so that all can against the maximum.
    """
    moments = tuple(sorted({sample.at_s for sample in timeline.samples}))
    bands = []
    for condition in ("healthy", "running", "pending"):
        for revision in timeline.revisions:
            own = {s.at_s: _count(s, condition) for s in timeline.samples if s.revision == revision}
            bands.append(Layer(revision=revision, condition=condition, values=_held(own, moments)))
    return moments, tuple(band for band in bands if any(band.values))


def traffic_shares(timeline: Timeline) -> tuple[tuple[float, ...], tuple[tuple[str, tuple[float, ...]], ...]]:
    """The moments at which traffic shifts, and each revision's percentages from each of them on."""
    moments = tuple(sorted({share.at_s for share in timeline.traffic}))
    revisions = dict.fromkeys(share.revision for share in timeline.traffic)
    return moments, tuple(
        (revision, _held({s.at_s: s.percent for s in timeline.traffic if s.revision == revision}, moments))
        for revision in revisions
    )


def instance_steps(
    timeline: Timeline,
) -> tuple[tuple[float, ...], tuple[tuple[str, str, tuple[int, ...]], ...]]:
    """The moments at which instances come or go, and for each provider and condition how many there are."""
    moments = tuple(sorted({each.at_s for each in timeline.instances}))
    providers = dict.fromkeys(each.provider for each in timeline.instances)
    bands = []
    for condition in ("running", "leaving", "starting"):
        for provider in providers:
            own = {i.at_s: int(getattr(i, condition)) for i in timeline.instances if i.provider == provider}
            bands.append((provider, condition, _held(own, moments)))
    return moments, tuple(band for band in bands if any(band[2]))


def _count(sample: Sample, condition: str) -> int:
    if condition == "running":
        return sample.running - sample.healthy
    return sample.healthy if condition == "healthy" else sample.pending


def _held(changes: dict[float, Number], moments: tuple[float, ...]) -> tuple[Number, ...]:
    values, last = [], type(next(iter(changes.values())))()
    for moment in moments:
        last = changes.get(moment, last)
        values.append(last)
    return tuple(values)


def limit_steps(timeline: Timeline) -> tuple[Steps, ...]:
    at_s = tuple(limits.at_s for limits in timeline.limits)
    return tuple(
        Steps(label=label, at_s=at_s, values=tuple(getattr(limits, label) for limits in timeline.limits))
        for label in ("maximum", "desired", "minimum")
    )
