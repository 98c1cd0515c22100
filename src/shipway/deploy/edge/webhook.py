"""One POST of a JSON document to somebody who wants to know."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

TIMEOUT_S = 10.0


def post(url: str, headers: Mapping[str, str], document: Mapping[str, Any]) -> str | None:
    """Why it did not arrive; None when it did. The address may hold a secret, so it is not in the reason."""
    body = json.dumps(document, default=str).encode()
    try:
        request = urllib.request.Request(
            url, body, {"Content-Type": "application/json", "User-Agent": "shipway", **headers}
        )
        if request.type not in ("http", "https"):
            return "its address is neither http nor https"
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as error:
        return f"it answered {error.code} {error.reason}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {getattr(error, 'reason', None) or 'it cannot be reached'}"
    return None
