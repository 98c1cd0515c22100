"""Authorization tokens: what `docker login` needs."""

from __future__ import annotations

import base64
from typing import Any

from shipway.api.call import Call

USER = "AWS"
VALID_S = 12 * 3600


def get_authorization_token(call: Call, request: Any) -> dict[str, Any]:
    """The registry's one password. It does not expire; the time is the one that Amazon names."""
    token = base64.b64encode(f"{USER}:{call.registry.password()}".encode()).decode()
    data = {
        "authorizationToken": token,
        "expiresAt": call.clock.now_ms() / 1000 + VALID_S,
        "proxyEndpoint": f"http://{call.registry.address}",
    }
    return {"authorizationData": [data]}
