"""Who deploys: a name for people to read, and the process for this machine to know it by."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Mapping

# The variables in which CI systems say who set them off.
ACTORS = (
    "SHIPWAY_OWNER",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOR",
    "BUILDKITE_BUILD_AUTHOR",
)


def owner(variables: Mapping[str, str] = os.environ) -> str:
    """`ann@laptop`, `ann@github`."""
    for name in ACTORS:
        if variables.get(name):
            return f"{variables[name]}@{machine()}"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = str(os.getuid())
    return f"{user}@{machine()}"


def machine() -> str:
    return socket.gethostname()


def token() -> str:
    return secrets.token_hex(6)


def process() -> int:
    return os.getpid()


def ended_here(owner_of_lock: str, number: int | None) -> bool:
    """Whether a process of this very machine, known by its number, is no more."""
    if number is None or owner_of_lock.rpartition("@")[2] != machine():
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
