"""Task definitions: the registered ECS JSON verbatim, with the few members that decisions read."""

from __future__ import annotations

from typing import Any, ClassVar

from shipway.model.arn import short_name
from shipway.model.record import Document, Record


class TaskDefinition(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "task_definition_arn"
    indexes: ClassVar[tuple[str, ...]] = ("family",)

    task_definition_arn: str
    family: str
    revision: int
    status: str = "ACTIVE"
    registered_at: int = 0
    deregistered_at: int | None = None
    registered_by: str = ""
    # As registered, defaults filled in: containerDefinitions, cpu, memory, networkMode, ...
    body: Document = {}
    requires_attributes: tuple[str, ...] = ()  # names; "name=value" where a value is asked for
    compatibilities: tuple[str, ...] = ()
    tags: tuple[Document, ...] = ()

    @property
    def family_revision(self) -> str:
        return short_name(self.task_definition_arn)

    @property
    def network_mode(self) -> str:
        return str(self.body.get("networkMode") or "bridge")

    @property
    def containers(self) -> list[dict[str, Any]]:
        return list(self.body.get("containerDefinitions") or [])

    def container(self, name: str) -> dict[str, Any] | None:
        return next((container for container in self.containers if container.get("name") == name), None)


class TaskDefinitionFamily(Record, frozen=True, kw_only=True):
    """The highest revision a family ever had: numbers are not used twice, also after deletion."""

    key_member: ClassVar[str] = "family"

    family: str
    last_revision: int = 0
