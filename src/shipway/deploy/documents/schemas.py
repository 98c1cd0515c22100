"""JSON Schemas out of the documents' types."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.deploy.documents.outcome import ErrorDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Members = dict[str, Any]


def document_schema(title: str, shown: list[Any]) -> Members:
    """Of a verb's document: what it shows, or the error that it ended with."""
    found, parts = msgspec.json.schema_components((*shown, ErrorDocument), ref_template="#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "title": title,
        "anyOf": list(found),
        "$defs": dict(sorted(parts.items())),
    }
