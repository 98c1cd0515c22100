"""Requests under `/_shipway/`: what no AWS API has a place for. Signed like everything else."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.local.errors import LocalError
from shipway.local.settings import Endpoint


def ask(endpoint: Endpoint, method: str, name: str, timeout_s: int, wish: Any = None) -> dict[str, Any]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.httpsession import URLLib3Session

    body = b"" if wish is None else msgspec.json.encode(wish)
    request = AWSRequest(method, f"{endpoint.endpoint_url}/_shipway/{name}", data=body)
    credentials = Credentials(endpoint.access_key_id, endpoint.secret_access_key)
    SigV4Auth(credentials, "ecs", endpoint.region).add_auth(request)
    answer = URLLib3Session(timeout=timeout_s).send(request.prepare())
    if answer.status_code != 200:
        raise LocalError(refused(name, answer.status_code, answer.content))
    document: dict[str, Any] = msgspec.json.decode(answer.content)
    return document


def refused(name: str, status: int, body: bytes) -> str:
    """Its own sentence, if it gave one."""
    try:
        return str(msgspec.json.decode(body, type=dict[str, Any])["message"])
    except (msgspec.DecodeError, KeyError):
        return f"/_shipway/{name} answered {status}"
