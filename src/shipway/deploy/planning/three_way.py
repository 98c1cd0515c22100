"""The third side of a plan's comparison: what was deployed last, against the file and what is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from shipway.deploy.planning.deployed import Origin, Past
from shipway.deploy.planning.difference import changed_members
from shipway.deploy.planning.moments import minute
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import Wanted
from shipway.deploy.planning.service_plan import Change

Members = dict[str, Any]

DEFINITION = "task_definition."
SERVICE = "service."


def with_origins(
    changes: tuple[Change, ...], wanted: Wanted, live: Members | None, past: Past | None
) -> tuple[Change, ...]:
    """Each change with where it comes from, as far as that was kept."""
    if past is None:
        return changes
    base = past.definition
    written = _places(base, wanted.task_definition) if base else ()
    stood = _places(live, base) if base and live else ()

    def origin(change: Change) -> Origin | None:
        if change.member.startswith(DEFINITION):
            if base is None:
                return None
            place = change.member.removeprefix(DEFINITION)
            return _of_three(_touches(place, written), _touches(place, stood))
        member = change.member.removeprefix(SERVICE).partition(".")[0]
        return past.deployed.origin(member, wanted.service[member]) if member in wanted.service else None

    return tuple(replace(change, origin=origin(change)) for change in changes)


def others_revision(live: Members | None, registered_at: Any, past: Past | None) -> Iterator[str]:
    """Who registered what is live, when it is not what was deployed last."""
    if past is None or live is None:
        return
    standing = short(str(live["taskDefinitionArn"]))
    if standing != past.deployed.revision:
        who = f", registered by {live['registeredBy']}" if live.get("registeredBy") else ""
        when = f" at {minute(registered_at)}" if registered_at else ""
        yield f"{standing} is live{who}{when}; Shipway deployed {past.deployed.revision} last."


def _of_three(written: bool, stood: bool) -> Origin | None:
    """A place where file and live differ: does the file, does what is live, differ from the base?"""
    if written and stood:
        return Origin.BOTH
    return Origin.FILE if written else Origin.ELSEWHERE


def _places(one: Members, other: Members) -> tuple[str, ...]:
    return tuple(place for place, _, _ in changed_members(one, other))


def _touches(place: str, places: Iterable[str]) -> bool:
    """One may be told as a whole where the other names a part of it."""
    return any(f"{place}.".startswith(f"{known}.") or f"{known}.".startswith(f"{place}.") for known in places)
