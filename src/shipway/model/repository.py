"""Image repositories, as the ECR API knows them. The images themselves are the registry's."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.record import Document, Record


class Repository(Record, frozen=True, kw_only=True):
    key_member: ClassVar[str] = "repository_name"

    repository_name: str
    repository_arn: str
    created_at: int
    image_tag_mutability: str = "MUTABLE"
    scan_on_push: bool = False
    encryption_configuration: Document | None = None
    lifecycle_policy_text: str | None = None
    policy_text: str | None = None
    tags: tuple[Document, ...] = ()
