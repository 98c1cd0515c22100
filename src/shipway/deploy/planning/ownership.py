"""Whose each member is: ours, theirs (Terraform, another pipeline, a person), or nobody's business."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from shipway.deploy.errors import DeployError
from shipway.deploy.planning.difference import Change, changed_members, line, walk
from shipway.deploy.planning.release import Seen, Wanted, live_member

Members = dict[str, Any]

ROOTS = ("service", "task_definition", "load_balancer")
# Lists of things with a name are told by the name; a container needs no word before it: `web.image`.
WORDLESS = "containerDefinitions"


class Owner(Enum):
    """Who decides what stands there once the service exists."""

    OURS = "ours"
    THEIRS = "theirs"
    IGNORE = "ignore"


class Ownership:
    """The longest path that is written decides; what no path covers is ours."""

    def __init__(self, written: Mapping[str, str]) -> None:
        self._owners = {_path(path): _owner(path, word) for path, word in written.items()}

    def __bool__(self) -> bool:
        return bool(self._owners)

    def of(self, path: str) -> Owner:
        known = [written for written in self._owners if _within(path, written)]
        return self._owners[max(known, key=len)] if known else Owner.OURS

    def is_mixed_below(self, path: str) -> bool:
        return any(_within(written, path) and written != path for written in self._owners)


def respect(ownership: Ownership, wanted: Wanted, seen: Seen) -> tuple[Wanted, tuple[str, ...]]:
    """What is wanted once others' members stay as they are, and a sentence for each that differs.
    A service that does not exist yet is made as the file says.
    """
    if not ownership or seen.service is None:
        return wanted, ()
    live_service = {
        key: item for key in wanted.service if (item := live_member(seen.service, key)) is not None
    }
    settled = replace(
        wanted,
        service=_settled_service(ownership, wanted.service, live_service),
        balancer=wanted.balancer if ownership.of("load_balancer") is Owner.OURS else None,
    )
    notes = list(_left_alone("service", walk("", live_service, wanted.service), ownership))
    if seen.live is not None:
        definition = _settled(ownership, "task_definition", wanted.task_definition, seen.live)
        settled = replace(settled, task_definition=definition)
        notes += _left_alone("task_definition", changed_members(seen.live, wanted.task_definition), ownership)
    return settled, tuple(notes)


def _settled_service(ownership: Ownership, wanted: Members, live: Members) -> Members:
    """Others' members are left out whole: what is not asked for stays."""
    kept = {}
    for key, item in wanted.items():
        path = f"service.{key}"
        if ownership.is_mixed_below(path):
            kept[key] = _settled(ownership, path, item, live.get(key))
        elif ownership.of(path) is Owner.OURS:
            kept[key] = item
    return kept


def _settled(ownership: Ownership, path: str, wanted: Any, live: Any) -> Any:
    if not ownership.is_mixed_below(path):
        return wanted if ownership.of(path) is Owner.OURS else live
    if isinstance(wanted, dict) or isinstance(live, dict):
        ours, theirs = wanted or {}, live or {}
        steps = {key: path if key == WORDLESS else f"{path}.{key}" for key in {**theirs, **ours}}
        found = {
            key: _settled(ownership, step, ours.get(key), theirs.get(key)) for key, step in steps.items()
        }
        return {key: item for key, item in found.items() if item is not None}
    if _is_named(wanted) or _is_named(live):
        ours = {item["name"]: item for item in wanted or ()}
        theirs = {item["name"]: item for item in live or ()}
        each = (
            _settled(ownership, f"{path}.{name}", ours.get(name), theirs.get(name))
            for name in {**ours, **theirs}
        )
        return [item for item in each if item is not None]
    return wanted if ownership.of(path) is Owner.OURS else live


def _left_alone(root: str, differing: Iterable[Change], ownership: Ownership) -> Iterator[str]:
    for place, standing, written in differing:
        path = f"{root}.{place}"
        if written is not None and ownership.of(path) is Owner.THEIRS:
            yield f"left alone, for it is theirs: {line((path, written, standing))} (file -> live)"


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, dict) and "name" in x for x in value)


def _within(path: str, around: str) -> bool:
    return path == around or path.startswith(f"{around}.")


def _path(written: str) -> str:
    path = ".".join(step for step in written.split(".") if step != WORDLESS)
    if path.partition(".")[0] not in ROOTS or (path.startswith("load_balancer.")):
        raise DeployError(
            f"ownership: {written!r} names no member; write service, task_definition or load_balancer, and "
            "below the first two a member as `shipway plan` tells it, such as service.desiredCount or "
            "task_definition.web.environment.LOG_LEVEL."
        )
    return path


def _owner(path: str, word: str) -> Owner:
    try:
        return Owner(word)
    except ValueError:
        raise DeployError(f"ownership: {path}: {word!r} is none of ours, theirs, ignore.") from None
