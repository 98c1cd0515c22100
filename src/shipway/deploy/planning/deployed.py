"""What was deployed last, kept in two tags of the service, so that a plan can tell who changed what since."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from shipway.deploy.planning.references import short

Members = dict[str, Any]

REVISION_TAG = "shipway:deployed"
MEMBERS_TAG = "shipway:deployed-members"
TAKEN_BACK_TAG = "shipway:taken-back"
# Of Amazon's own: a tag's value has at most so many characters.
TAG_LENGTH_MAX = 256
NAME_LENGTH, VALUE_LENGTH = 3, 5


class Origin(Enum):
    """Where a difference between the file and what is live comes from, since the last deployment."""

    FILE = "changed in the file"
    ELSEWHERE = "changed elsewhere since the last deployment; the file says the same as then"
    BOTH = "changed in the file, and elsewhere too, since the last deployment"


@dataclass(frozen=True)
class Deployed:
    """The revision (`family:number`), and a mark of each of the service's members as the file had it."""

    revision: str
    marks: Mapping[str, str]

    def origin(self, member: str, wanted: Any) -> Origin | None:
        """Of a service's member that differs now. None when nothing was kept of it."""
        kept = self.marks.get(_mark(member, NAME_LENGTH))
        if kept is None:
            return None
        return Origin.ELSEWHERE if kept == _value_mark(wanted) else Origin.FILE


@dataclass(frozen=True)
class Past:
    """What was deployed last, and that revision's task definition where it was read."""

    deployed: Deployed
    definition: Members | None


def tags_of(revision_arn: str, service: Members) -> list[Members]:
    marks = "".join(
        _mark(member, NAME_LENGTH) + _value_mark(value) for member, value in sorted(service.items())
    )
    tags = [{"key": REVISION_TAG, "value": short(revision_arn)}, {"key": MEMBERS_TAG, "value": marks}]
    return [tag for tag in tags if 0 < len(tag["value"]) <= TAG_LENGTH_MAX]


def taken_back_tag(revision_arn: str, tags: list[Members]) -> Members:
    """One more revision that ECS holds for deployed well, and its release does not; the newest come first."""
    value = short(revision_arn)
    for known in taken_back(tags):
        if known != short(revision_arn) and len(value) + 1 + len(known) <= TAG_LENGTH_MAX:
            value += f" {known}"
    return {"key": TAKEN_BACK_TAG, "value": value}


def taken_back(tags: list[Members]) -> tuple[str, ...]:
    """Revisions that were rolled back though their deployment had succeeded."""
    values = (str(tag.get("value")) for tag in tags if tag.get("key") == TAKEN_BACK_TAG)
    return tuple(next(values, "").split())


def deployed_by(tags: list[Members]) -> Deployed | None:
    values = {str(tag.get("key")): str(tag.get("value")) for tag in tags}
    if REVISION_TAG not in values:
        return None
    text, length = values.get(MEMBERS_TAG, ""), NAME_LENGTH + VALUE_LENGTH
    pieces = [text[start : start + length] for start in range(0, len(text), length)]
    marks = {piece[:NAME_LENGTH]: piece[NAME_LENGTH:] for piece in pieces}
    return Deployed(values[REVISION_TAG], marks)


def _value_mark(value: Any) -> str:
    return _mark(json.dumps(value, sort_keys=True, default=str), VALUE_LENGTH)


def _mark(text: str, length: int) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:length].lower()
