"""Signature Version 4, the agent's side: headers for a POST, and for the websocket upgrade. Pure.

Written out because botocore's signer would add five megabytes to every agent process.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from shipway.agent.configuration import Credentials

EMPTY_BODY_SHA256 = hashlib.sha256(b"").hexdigest()


def signed_headers(
    credentials: Credentials,
    scope: tuple[str, str],
    request: tuple[str, str, bytes],
    amz_date: str,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The given headers with Host, X-Amz-Date and Authorization added. scope = (region, service),
    request = (method, url, body).
    """
    method, url, body = request
    parts = urlsplit(url)
    signed = {**(headers or {}), "Host": parts.netloc, "X-Amz-Date": amz_date}
    if credentials.session_token:
        signed["X-Amz-Security-Token"] = credentials.session_token
    lowered = {name.lower(): " ".join(value.split()) for name, value in signed.items()}
    names = ";".join(sorted(lowered))
    canonical = "\n".join(
        (
            method,
            quote(parts.path or "/", safe="/-_.~"),
            "&".join(sorted(parts.query.split("&"))) if parts.query else "",
            "".join(f"{name}:{lowered[name]}\n" for name in sorted(lowered)),
            names,
            hashlib.sha256(body).hexdigest() if body else EMPTY_BODY_SHA256,
        )
    )
    region, service = scope
    day = amz_date[:8]
    credential_scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = (
        f"AWS4-HMAC-SHA256\n{amz_date}\n{credential_scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    )
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    signed["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{credential_scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return signed
