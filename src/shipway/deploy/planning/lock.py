"""The deploy lock as a tag of the cluster: who may not be disturbed, why, and until when."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]

KEY_PREFIX = "shipway:lock:"
# Of Amazon's own: what a tag's value may hold, and how much of it.
NOT_ALLOWED = re.compile(r"[^\w\s+\-=.:/@]")
LENGTH_MAX = 256
SERVICE_MAX, DIGEST_LENGTH = 128 - len(KEY_PREFIX), 16
WRITTEN = re.compile(r"(\S+) (\d+) (\d+|-) (\S+) (\d+|-) ?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Lock:
    """Held by `owner` (a person at a machine) since a moment, until another one or until it is removed.
    `process` is the number of the process that holds it, None when it was taken by hand.
    """

    token: str
    owner: str
    reason: str
    since_ms: int
    until_ms: int | None = None
    process: int | None = None

    def tag(self, service: str) -> Members:
        until = "-" if self.until_ms is None else str(self.until_ms // 1000)
        process = "-" if self.process is None else str(self.process)
        owner = NOT_ALLOWED.sub("_", re.sub(r"\s", "_", self.owner))
        words = f"{self.token} {self.since_ms // 1000} {until} {owner} {process} {self.reason}"
        return {"key": lock_key(service), "value": NOT_ALLOWED.sub("_", words)[:LENGTH_MAX].rstrip()}

    def stands(self, now_ms: int) -> bool:
        return self.until_ms is None or now_ms < self.until_ms

    def text(self, now_ms: int) -> str:
        minutes = max(0, now_ms - self.since_ms) // 60_000
        said = f"locked by {self.owner} {f'{minutes} min ago' if minutes else 'just now'}"
        if self.until_ms is not None:
            said += f", for {max(0, self.until_ms - now_ms) // 60_000 + 1} min more at most"
        return f"{said}: {self.reason}" if self.reason else said


def lock_key(service: str) -> str:
    """A tag's key has 128 characters at most, a service's name 255: of a long one a digest says the rest."""
    if len(service) > SERVICE_MAX:
        digest = hashlib.sha256(service.encode()).hexdigest()[:DIGEST_LENGTH]
        service = f"{service[: SERVICE_MAX - DIGEST_LENGTH - 1]}={digest}"
    return f"{KEY_PREFIX}{service}"


def locks_of(tags: Iterable[Members], services: Iterable[str]) -> dict[str, Lock]:
    """Of these services. A tag that is not ours to read is nobody's lock."""
    written = _written(tags)
    return {service: written[lock_key(service)] for service in services if lock_key(service) in written}


def _written(tags: Iterable[Members]) -> dict[str, Lock]:
    found = {}
    for tag in tags:
        key, match = str(tag.get("key")), WRITTEN.fullmatch(str(tag.get("value")))
        if key.startswith(KEY_PREFIX) and match is not None:
            token, since, until, owner, process, reason = match.groups()
            found[key] = Lock(
                token=token,
                owner=owner,
                reason=reason,
                since_ms=int(since) * 1000,
                until_ms=None if until == "-" else int(until) * 1000,
                process=None if process == "-" else int(process),
            )
    return found


def in_the_way(locks: dict[str, Lock], services: Iterable[str], token: str, now_ms: int) -> dict[str, Lock]:
    """The locks of others on these services that stand."""
    return {
        service: locks[service]
        for service in services
        if service in locks and locks[service].token != token and locks[service].stands(now_ms)
    }
