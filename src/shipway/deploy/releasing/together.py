"""What a verb says of every service of a file: each as if it were alone, and one document for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from shipway.deploy.application.application import Application
from shipway.deploy.application.release_file import Release
from shipway.deploy.errors import DeployError

Members = dict[str, Any]


class Report(Protocol):
    """What a verb found of one service."""

    def text(self) -> str: ...

    def as_document(self) -> Members: ...


Said = TypeVar("Said", bound=Report)


@dataclass(frozen=True)
class Together:
    """The reports by the services' names in the file. `verdict` is left out where a verb has none."""

    reports: Mapping[str, Report]
    exit_code: int = 0
    verdict: str = ""

    def text(self) -> str:
        return "\n\n".join(f"== {name} ==\n{report.text()}" for name, report in self.reports.items())

    def as_document(self) -> Members:
        """For `-o json`."""
        own: Members = {"verdict": self.verdict, "exitCode": self.exit_code} if self.verdict else {}
        return {**own, "services": {name: one.as_document() for name, one in self.reports.items()}}


def of_each(release: Release, look: Callable[[Application], Said]) -> dict[str, Said]:
    """An error says of which service it is."""
    found = {}
    for name, application in release.applications.items():
        try:
            found[name] = look(application)
        except DeployError as error:
            if not release.several:
                raise
            sentence = f"{name}: {error.sentence}"
            raise DeployError(sentence, exit_code=error.exit_code, details=error.details) from None
    return found
