"""The lines of `-o jsonl`, as types made from the events themselves."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

from msgspec import Struct, defstruct

from shipway.deploy import events
from shipway.deploy.documents.outcome import OutcomeDocument, ReleaseDocument


class EndedLine(OutcomeDocument, frozen=True, kw_only=True, tag_field="event", tag="ended"):
    """The last line: the verdict, as `-o json` has it."""

    at_ms: int


class ReleaseEndedLine(ReleaseDocument, frozen=True, kw_only=True, tag_field="event", tag="releaseEnded"):
    """The last line where several services were released."""

    at_ms: int
    service: str


ENDS: tuple[type[Struct], ...] = (EndedLine, ReleaseEndedLine)


def line_types() -> list[type[Struct]]:
    """One an event; `event` says which."""
    with_verdict = (events.Ended, events.ReleaseEnded)
    kinds = [kind for kind in events.Event.__subclasses__() if kind not in with_verdict]
    return [*(_line_of(kind) for kind in sorted(kinds, key=lambda kind: kind.__name__)), *ENDS]


def _line_of(kind: type[events.Event]) -> type[Struct]:
    hints = get_type_hints(kind)
    members: list[Any] = [("at_ms", int), ("service", str)]
    # Every member is on every line: the defaults are for whoever makes an event.
    members += [(item.name, hints[item.name]) for item in fields(kind) if item.name != "service"]
    return defstruct(
        f"{kind.__name__}Line",
        members,
        namespace={"__doc__": kind.__doc__},
        frozen=True,
        kw_only=True,
        rename="camel",
        tag_field="event",
        tag=kind.event_name(),
    )
