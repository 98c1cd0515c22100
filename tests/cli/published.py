"""The published schemas, as a document is held to them in tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from shipway.cli.documents import file_name

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"


def closed(schema: Any) -> Any:
    """The schema, and no member that it does not name: a member that is not published would go unnoticed."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(part) for key, part in schema.items()}
    return {**made, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else made


def held(name: str, document: Any) -> Any:
    """The document, which is as its schema says."""
    schema = json.loads((PUBLISHED / file_name(name)).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(closed(schema)).validate(document)
    return document
