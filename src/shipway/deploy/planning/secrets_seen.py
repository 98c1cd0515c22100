"""The secrets that tasks get when they start: which version that would be now, and whether it is news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]

MANAGER = ":secretsmanager:"
PARAMETER = ":parameter/"
NEWER = "changed since the running tasks' deployment began; `shipway deploy --force` brings it to them"


@dataclass(frozen=True)
class SecretSeen:
    """One secret by where it comes from. `version` is an id or number; None when it could not be read."""

    places: tuple[str, ...]
    source: str
    version: str | None = None
    newer_than_tasks: bool = False
    remark: str = ""

    def text(self) -> str:
        version = f" version {self.version}" if self.version else ""
        news = NEWER if self.newer_than_tasks else ""
        remark = "; ".join(filter(None, (news, self.remark)))
        return f"{', '.join(self.places)}: {self.source}{version}{f' ({remark})' if remark else ''}"

    def as_document(self) -> Members:
        return {
            "places": list(self.places),
            "source": self.source,
            "version": self.version,
            "newerThanTasks": self.newer_than_tasks,
            "remark": self.remark,
        }


@dataclass(frozen=True)
class Named:
    """What one place reads of a secret: `source:json_key:stage:version`; what is empty is not named."""

    place: str
    source: str
    json_key: str = ""
    stage: str = ""
    version: str = ""


@dataclass(frozen=True)
class Version:
    """What its keeper says of a secret: the version in use and when the secret was last changed."""

    version: str
    changed_s: float


def sources(definition: Members) -> dict[str, tuple[str, ...]]:
    """Each secret (JSON key and version cut off) with the places that it is read at."""
    places: dict[str, list[str]] = {}
    for container in definition.get("containerDefinitions") or ():
        options = (container.get("logConfiguration") or {}).get("secretOptions") or ()
        for secret in (*(container.get("secrets") or ()), *options):
            place = f"{container['name']}.{secret['name']}"
            places.setdefault(whole(str(secret["valueFrom"])), []).append(place)
        credentials = (container.get("repositoryCredentials") or {}).get("credentialsParameter")
        if credentials:
            places.setdefault(whole(str(credentials)), []).append(f"{container['name']}'s registry")
    return {source: tuple(found) for source, found in sorted(places.items())}


def named_values(definition: Members) -> tuple[Named, ...]:
    """Each place that reads a secret, with what it reads of it."""
    found = []
    for container in definition.get("containerDefinitions") or ():
        options = (container.get("logConfiguration") or {}).get("secretOptions") or ()
        for secret in (*(container.get("secrets") or ()), *options):
            value_from = str(secret["valueFrom"])
            parts = value_from.split(":")[7:10] if MANAGER in value_from else []
            found.append(Named(f"{container['name']}.{secret['name']}", whole(value_from), *parts))
    return tuple(found)


def region_of(source: str) -> str | None:
    """Where it is by its ARN; None of a name alone, which is where the task is."""
    parts = source.split(":")
    return parts[3] if source.startswith("arn:") and len(parts) > 3 else None


def whole(value_from: str) -> str:
    """`arn:aws:secretsmanager:...:secret:name-AbCdEf` of one with `:json-key:stage:version` behind."""
    return ":".join(value_from.split(":")[:7]) if MANAGER in value_from else value_from


def in_secrets_manager(source: str) -> bool:
    return MANAGER in source


def parameter_names(source: str) -> tuple[str, ...]:
    """The names that a parameter's ARN may stand for: it drops the slash that a name may begin with."""
    if PARAMETER not in source:
        return (source,)
    name = source.partition(PARAMETER)[2]
    return (f"/{name}",) if "/" in name else (name, f"/{name}")


def secret_seen(
    source: str, places: tuple[str, ...], found: Version | None, deployed_s: float | None
) -> SecretSeen:
    if found is None:
        return SecretSeen(places, source, remark="its version could not be read")
    newer = deployed_s is not None and found.changed_s > deployed_s
    return SecretSeen(places, source, found.version, newer)
