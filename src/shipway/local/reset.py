"""`shipway local reset --keep-running`: a running local ECS is emptied and goes on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shipway.local.errors import LocalError
from shipway.local.folder import find_folder
from shipway.local.own_requests import ask
from shipway.local.status_text import NOT_RUNNING

TIMEOUT_S = 90  # agents and containers are given their time to end, and new agents theirs to connect


class Emptied(msgspec.Struct, frozen=True, kw_only=True):
    endpoint_url: str
    data: str


def empty(data: str | None, environment: Mapping[str, str]) -> Emptied:
    """Returns when it is as after a first `up`."""
    folder = find_folder(data, environment)
    endpoint = folder.read_endpoint() if folder.running_pid() else None
    if endpoint is None:
        raise LocalError(NOT_RUNNING.format(data=folder.path))
    try:
        ask(endpoint, "POST", "reset", TIMEOUT_S)
    except LocalError:
        raise
    except Exception as error:
        said = str(error).rstrip(".")
        raise LocalError(
            f"Local ECS (process {endpoint.pid}) did not say that it is empty: {said}. See {folder.log_file}."
        ) from error
    return Emptied(endpoint_url=endpoint.endpoint_url, data=str(folder.path))


def render_emptied(emptied: Emptied) -> str:
    return f"Local ECS at {emptied.endpoint_url} is empty and runs on. Its images were kept.\n"
