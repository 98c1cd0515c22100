"""What was deployed when, by whom, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.moments import minute, took
from shipway.deploy.planning.references import short

Members = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One service deployment, the revision it was for, and the task definition of that."""

    brief: Members
    revision: Members
    definition: Members

    @property
    def images(self) -> dict[str, str]:
        """As written: tags say more to people than digests do."""
        return {
            str(container["name"]): str(container.get("image", ""))
            for container in self.definition.get("containerDefinitions") or ()
        }

    def lines(self) -> list[str]:
        brief = self.brief
        definition = short(str(self.revision.get("taskDefinition", "")))
        lasted = took(brief.get("startedAt") or brief.get("createdAt"), brief.get("finishedAt"))
        ended = f"{brief.get('status')} in {lasted}" if lasted else str(brief.get("status"))
        words = [minute(brief.get("createdAt")), definition, ended]
        lines = ["  ".join(word for word in words if word)]
        if brief.get("statusReason"):
            lines.append(f"    {brief['statusReason']}")
        images = ", ".join(f"{container} {image}" for container, image in self.images.items())
        if images:
            lines.append(f"    {images}")
        if self.definition.get("registeredBy"):
            lines.append(f"    {definition} registered by {self.definition['registeredBy']}")
        lines.append(f"    service revision {short(str(brief.get('targetServiceRevisionArn', '')))}")
        return lines

    def as_document(self) -> Members:
        """For `-o json`."""
        return {
            **self.brief,
            "taskDefinition": self.revision.get("taskDefinition"),
            "images": self.images,
            "containerImages": self.revision.get("containerImages") or [],
            "registeredBy": self.definition.get("registeredBy"),
            "registeredAt": self.definition.get("registeredAt"),
        }


@dataclass(frozen=True)
class History:
    """Newest first."""

    entries: tuple[Entry, ...]

    def text(self) -> str:
        if not self.entries:
            return "ECS knows no deployment of this service (those of the last 90 days are kept)."
        return "\n".join(line for entry in self.entries for line in entry.lines())

    def as_document(self) -> list[Members]:
        """For `-o json`."""
        return [entry.as_document() for entry in self.entries]
