"""JSON Schemas out of the documents' types."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.deploy.documents.outcome import ErrorDocument
from shipway.deploy.documents.stream import line_types

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Members = dict[str, Any]


def document_schema(title: str, shown: list[Any]) -> Members:
    """Of a verb's document: what it shows, or the error that it ended with."""
    return _any_of(title, [*shown, ErrorDocument])


def line_schema() -> Members:
    """Of a line of `-o jsonl`: one event."""
    return _any_of("shipway -o jsonl", line_types())


def _any_of(title: str, types: list[Any]) -> Members:
    found, parts = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return {"$schema": DIALECT, "title": title, "anyOf": list(found), "$defs": dict(sorted(parts.items()))}
