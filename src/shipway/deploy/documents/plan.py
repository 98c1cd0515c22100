"""What `shipway plan` foresees."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct


class Change(Struct, frozen=True, kw_only=True):
    """A member that differs. `effect`: deployment, at_once, new_tasks or next_deployment; `origin`: whose
    doing the difference is, where that is known.
    """

    member: str
    before: Any
    after: Any
    effect: str | None
    origin: str | None


class ImageSeen(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an image reference means now, and what runs."""

    container: str
    reference: str
    digest: str | None
    running_digest: str | None
    remark: str | None


class SecretSeen(Struct, frozen=True, kw_only=True, rename="camel"):
    """A secret that the containers read, by the places that read it; never its value."""

    places: tuple[str, ...]
    source: str
    version: str | None
    newer_than_tasks: bool | None
    remark: str | None


class Action(Struct, frozen=True, kw_only=True):
    """What would be done, and why."""

    action: str
    reason: str


class Step(Struct, frozen=True, kw_only=True, rename="camel"):
    """What happens, and when."""

    after_ms: int
    what: str


class PredictionDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the scheduler would go about it."""

    sentence: str
    tasks_wanted: int
    tasks_missing: int
    steps: tuple[Step, ...]


class LikelyTimeDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """How long deployments of this service take, in seconds."""

    sentence: str
    usual_s: Annotated[float | None, Meta(description="seconds")]
    earlier_s: tuple[float, ...]
    deregistration_delay_s: int


class PlanDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a deployment would change, replace and set off."""

    cluster: str
    service: str
    exit_code: int
    sentence: str
    starts_deployment: bool
    tasks_replaced: int
    changes: tuple[Change, ...]
    images: tuple[ImageSeen, ...]
    secrets: tuple[SecretSeen, ...]
    actions: tuple[Action, ...]
    prediction: PredictionDocument | None
    likely_time: LikelyTimeDocument | None
    notes: tuple[str, ...]


class PlansDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of every service of a file. `verdict`: changes or unchanged."""

    verdict: str
    exit_code: int
    services: Annotated[dict[str, PlanDocument], Meta(description="by their names in shipway.yml")]
