"""What is noted of a scenario while it is played, as values. Pure."""

from __future__ import annotations

import msgspec

from shipway.drawing.timeline import Instances, Limits, Sample, Traffic


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    at_s: float
    service: str  # empty when it is about all
    text: str
    counts: str = ""


class Breach(msgspec.Struct, kw_only=True):
    """A limit that was not kept from one moment to the next."""

    limit: str  # minimum or maximum
    bound: int
    at_s: float
    ended_s: float | None = None
    worst: int


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """A task that found no place, and the instance that came nearest."""

    at_s: float
    revision: str
    event: str
    lacks: str


class StageBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that shifts traffic entered a lifecycle stage, or the next step of the shift."""

    at_s: float
    revision: str
    stage: str
    production_weight: float


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A task waited for an instance of its capacity provider until `at_s`. `in_vain`: it was given up."""

    at_s: float
    revision: str
    provider: str
    waited_s: float
    in_vain: bool = False


class GroupBook(msgspec.Struct, kw_only=True):
    """The instances of a capacity provider, and the limits of its group."""

    name: str
    minimum: int
    maximum: int
    samples: list[Instances] = []


class Book(msgspec.Struct, kw_only=True):
    """Everything that was noted of one service."""

    name: str
    samples: list[Sample] = []
    limits: list[Limits] = []
    breaches: list[Breach] = []
    shortages: list[Shortage] = []
    stages: list[StageBegun] = []
    traffic: list[Traffic] = []
    waits: list[Wait] = []
