"""Whether two requests are the same: a digest of everything they say but their client token."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def request_digest(request: Any) -> str:
    members = {
        name: msgspec.to_builtins(getattr(request, name))
        for name in request.__struct_fields__
        if name != "client_token"
    }
    said = {name: value for name, value in members.items() if value is not None}
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()
