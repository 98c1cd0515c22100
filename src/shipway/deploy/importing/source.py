"""Another tool's file as an importer gets it, and the account it keeps of what it leaves behind."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from shipway.deploy.errors import DeployError
from shipway.deploy.importing.imported import NotCarried

Members = dict[str, Any]
UNKNOWN = "Shipway does not know it; nothing was made of it."


@dataclass(frozen=True)
class Source:
    """One file, read. `beside` gives the text of another file relative to it, None where there is none."""

    name: str
    value: Members
    folder_name: str
    beside: Callable[[str], str | None]
    prefix: str = "."  # the file's folder, as seen from where Shipway's files will be
    region: str | None = None  # as the user gave it
    chosen: str | None = None  # the name that the user gave
    left: tuple[NotCarried, ...] = ()  # what reading it left behind

    def path(self, relative: str) -> str:
        return posixpath.normpath(posixpath.join(self.prefix, relative))

    def text_of(self, relative: str) -> str:
        text = self.beside(relative)
        if text is None:
            raise DeployError(f"{self.name} names {relative}, which cannot be read. Correct the path there.")
        return text


@dataclass
class Account:
    """Filled as an import goes; every member of a source is used, or stands here."""

    left: list[NotCarried] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave(self, what: str, why: str) -> None:
        item = NotCarried(what, why)
        if item not in self.left:
            self.left.append(item)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def rest(
        self, where: str, members: Mapping[str, Any], used: Collection[str], why: Mapping[str, str]
    ) -> None:
        """Every member that was not used, with the reason that the importer's table has for it."""
        for key in members:
            if key not in used and not key.startswith("x-"):
                self.leave(f"{where}{key}", why.get(key, UNKNOWN))


def mapping(value: Any, where: str) -> Members:
    """A mapping or nothing; anything else is a file of another kind than it seemed."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DeployError(f"{where} must be a mapping of keys to values.")
    return value


def listed(value: Any) -> list[Any]:
    """One or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
